/**
 * Once before all tests: `dist/` is built, and what the integration tests run against is installed outside the
 * project's own node_modules (the node packages declare a bin named `node`, which would win in every npm script).
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(__dirname, '../..')

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Every line of Conductor's SDK, and what else a worker on it may have inside. */
function sdks(): string[] {
  return (
    readdirSync(path.join(root, 'test/sdk'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `test/sdk/${entry.name}`)
      // In a folder without one npm would install the project itself, once more before every run.
      .filter((folder) => existsSync(path.join(root, folder, 'package.json')))
  )
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>
}

/** By what npm notes of its last run there: a folder that is there may be of an older lock file. */
function isInstalled(folder: string): boolean {
  const noted = path.join(folder, 'node_modules/.package-lock.json')
  if (!existsSync(noted)) return false
  const [wanted, present] = [path.join(folder, 'package-lock.json'), noted].map(
    (file) => (JSON.parse(readFileSync(file, 'utf8')) as Lock).packages,
  )
  return Object.entries(wanted ?? {}).every(
    ([name, { version, optional }]) => name === '' || optional || present?.[name]?.version === version,
  )
}

export default function setup(): void {
  run(process.execPath, [path.join(root, 'tools/build.mjs')], root)
  const own = [
    'test/nodes',
    'test/clients',
    'test/queues',
    'test/servers',
    'test/otel',
    'test/viewers',
    'tools/schemas',
  ]
  for (const folder of [...own, ...sdks()]) {
    const where = path.join(root, folder)
    if (!isInstalled(where)) run('npm', ['ci', '--no-audit', '--no-fund'], where)
  }
}
