// Native addons for scenarios: installed from npm, then built for every Node line with the headers that came with it.
// Nothing is downloaded but the packages: prebuilt binaries come from hosts that are not always there.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'

const FOLDER = path.join(import.meta.dirname, '../addons')

/** Where `require` finds addons that were built for a Node line (a NODE_PATH). */
export function addonPath(major) {
  return path.join(FOLDER, `built/node${major}`)
}

/** Null when `name` was built for that line, else what to do. */
export function missingAddon(name, major) {
  return existsSync(path.join(addonPath(major), name, 'build/Release'))
    ? null
    : `${name} is not built for Node ${major} (npm run scenarios -- --install)`
}

function nodeGyp() {
  const root = execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim()
  return path.join(root, 'npm/node_modules/node-gyp/bin/node-gyp.js')
}

/** A minute or two a line. Says on stderr what it does; a line that can't be built is left out, with its reason. */
export function installAddons(majors, nodeFolder) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: FOLDER, stdio: 'inherit' })
  for (const major of majors) {
    const built = addonPath(major)
    rmSync(built, { recursive: true, force: true })
    mkdirSync(built, { recursive: true })
    cpSync(path.join(FOLDER, 'node_modules'), built, { recursive: true })
    console.error(`building better-sqlite3 for Node ${major} ...`)
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [nodeGyp(), 'rebuild', '--release', '-j', '2', `--nodedir=${nodeFolder(major)}`],
      { cwd: path.join(built, 'better-sqlite3'), encoding: 'utf8' },
    )
    // 50 MB of object files are of no use any more; what failed is taken away whole.
    const leftovers = status === 0 ? ['build/Release/obj.target', 'build/Release/.deps'] : ['build']
    for (const name of leftovers) rmSync(path.join(built, 'better-sqlite3', name), { recursive: true, force: true })
    if (status === 0) continue
    console.error(`not built for Node ${major}:\n${`${stdout}${stderr}`.slice(-2_000)}`)
  }
}
