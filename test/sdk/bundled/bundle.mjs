// A worker with its SDK in one file, as esbuild makes it: `bundleWorker('4.0.0', folder)` gives the file.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'

const SDKS = path.resolve(import.meta.dirname, '..')

export async function bundleWorker(sdk, folder) {
  const outfile = path.join(folder, `conductor-${sdk}`, 'run-worker.cjs')
  mkdirSync(path.dirname(outfile), { recursive: true })
  await build({
    entryPoints: [path.join(SDKS, `conductor-${sdk}`, 'worker.cjs')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    // 2.4.1 has a copy of undici inside, which asks for `node:sqlite` where there is one; the prefix was lost on its way.
    external: ['sqlite'],
    logLevel: 'error',
  })
  return outfile
}
