// What the cells run: SDKs and esbuild installed, and the bundled workers made.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const TEST = path.resolve(import.meta.dirname, '../..')

/** Once, by its lock file. @param folder below test/ */
export function install(folder) {
  const cwd = path.join(TEST, folder)
  if (existsSync(path.join(cwd, 'node_modules'))) return
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Gives each cell its `program`; `folder` is to be removed afterwards. */
export async function prepare(cells) {
  const folder = mkdtempSync(path.join(tmpdir(), 'stall-bundled-'))
  for (const name of ['nodes', ...new Set(cells.map(({ sdk }) => `sdk/conductor-${sdk}`))]) install(name)
  const isBundled = ({ kind }) => kind === 'bundle' || kind === 'wire'
  const files = new Map()
  if (cells.some(isBundled)) {
    install('sdk/bundled')
    const { bundleWorker } = await import('../bundled/bundle.mjs')
    for (const { sdk } of cells.filter(isBundled)) {
      if (!files.has(sdk)) files.set(sdk, await bundleWorker(sdk, folder))
    }
  }
  const programOf = (cell) =>
    isBundled(cell) ? files.get(cell.sdk) : path.join(TEST, `sdk/conductor-${cell.sdk}/worker.${cell.kind}`)
  return { folder, cells: cells.map((cell) => ({ ...cell, program: programOf(cell) })) }
}
