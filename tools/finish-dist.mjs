// After tsc and the bundler: what dist/ has to bring, and what nobody outside may rely on.
//   - speedscope's page (two files and its licence), so that its package, which brings nine more to open a browser, is not
//     a dependency of who installs this
//   - of the declarations only those that the doors lead to: every other file is an internal one
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'

const DIST = path.resolve(import.meta.dirname, '../dist')
const DOORS = ['index', 'register', 'api']

async function bringSpeedscope() {
  const from = path.dirname(createRequire(import.meta.url).resolve('speedscope/package.json'))
  const to = path.join(DIST, 'vendor/speedscope')
  await rm(to, { recursive: true, force: true })
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

async function keepPublicDeclarations() {
  const kept = await declarationsFrom(DOORS.map((name) => path.join(DIST, `${name}.d.ts`)))
  const files = await readdir(DIST, { recursive: true, withFileTypes: true })
  for (const file of files) {
    const place = path.join(file.parentPath, file.name)
    if (file.name.endsWith('.d.ts') && !kept.has(place)) await rm(place)
  }
}

await bringSpeedscope()
await keepPublicDeclarations()
