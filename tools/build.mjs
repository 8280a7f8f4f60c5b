// build/: one file a source file, as tsc writes them, for tests, benches and tools. dist/: what the package ships.
import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { bundleAll } from './bundle.mjs'
import { finishDist } from './finish-dist.mjs'

const ROOT = path.resolve(import.meta.dirname, '..')

// A file whose source is gone would still be found.
await rm(path.join(ROOT, 'build'), { recursive: true, force: true })
execFileSync(process.execPath, [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
})
await bundleAll()
await finishDist()
