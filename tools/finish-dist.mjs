// What dist/ brings beside the bundles:
//   - speedscope's page (two files and its licence), so that its package, which brings nine more to open a browser, is not
//     a dependency of who installs this
//   - the licence of commander
//   - the list of commands, so that `--help` loads none of them
//   - of the declarations those that the doors lead to: every other file is an internal one
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'

const BUILD = path.resolve(import.meta.dirname, '../build')
const DIST = path.resolve(import.meta.dirname, '../dist')
const DOORS = ['index', 'register', 'api']

/** It is part of `dist/cli/main.js`, without its comments. */
async function bringLicenceOfCommander() {
  const to = path.join(DIST, 'vendor/commander')
  await mkdir(to, { recursive: true })
  const from = path.dirname(createRequire(import.meta.url).resolve('commander'))
  await copyFile(path.join(from, 'LICENSE'), path.join(to, 'LICENSE'))
}

async function bringSpeedscope() {
  const from = path.dirname(createRequire(import.meta.url).resolve('speedscope/package.json'))
  const to = path.join(DIST, 'vendor/speedscope')
  await mkdir(to, { recursive: true })
  await copyFile(path.join(from, 'LICENSE'), path.join(to, 'LICENSE'))
  const release = path.join(from, 'dist/release')
  const wanted = (await readdir(release)).filter((name) => /^speedscope-[^.]*\.(?:js|css)$/.test(name))
  if (wanted.length !== 2) throw new Error(`speedscope's page has other files than expected: ${wanted.join(', ')}`)
  for (const name of wanted) await copyFile(path.join(release, name), path.join(to, name))
}

/** Absolute paths of the declarations that these lead to. */
async function declarationsFrom(entries) {
  const found = new Set()
  const queue = [...entries]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (found.has(file)) continue
    found.add(file)
    const text = await readFile(file, 'utf8')
    for (const [, specifier] of text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g)) {
      queue.push(path.resolve(path.dirname(file), `${specifier}.d.ts`))
    }
  }
  return found
}

async function bringDeclarations() {
  for (const file of await declarationsFrom(DOORS.map((name) => path.join(BUILD, `${name}.d.ts`)))) {
    const place = path.join(DIST, path.relative(BUILD, file))
    await mkdir(path.dirname(place), { recursive: true })
    await copyFile(file, place)
  }
}

/** What the first page of help says of each command. */
async function bringCommandList() {
  const require = createRequire(import.meta.url)
  const { createProgram } = require(path.join(BUILD, 'cli/main.js'))
  const { COMMAND_LIST, listCommands } = require(path.join(BUILD, 'cli/command-list.js'))
  await writeFile(path.join(DIST, 'cli', COMMAND_LIST), JSON.stringify(listCommands(await createProgram())))
}

export async function finishDist() {
  await bringCommandList()
  await bringLicenceOfCommander()
  await bringSpeedscope()
  await bringDeclarations()
}
