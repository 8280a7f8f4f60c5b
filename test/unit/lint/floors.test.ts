/** The linter keeps the floors and the ban on the thread pool: proved by files that break each rule, in a project of their own. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FLOORS as HOUSE, OWN_PROCESS } from '../../../tools/house.mjs'
import { lintRulesText } from '../../../tools/make-lint-rules.mjs'
import { temporaryFolder } from '../../support/incidents.js'

const ROOT = path.resolve(__dirname, '../../..')

/** Lowest first. */
const FLOORS: readonly (readonly string[])[] = HOUSE.map((floor) => floor.map(({ room }) => room))
const ROOMS = FLOORS.flat()

const POOL_USERS: readonly string[] = [
  `import fs from 'node:fs'\nexport const probe = fs.readFile`,
  `import * as fs from 'node:fs'\nexport const probe = fs.readFile`,
  `import { readFile } from 'node:fs'\nexport const probe = readFile`,
  `import { promises } from 'node:fs'\nexport const probe = promises`,
  `import { open } from 'node:fs/promises'\nexport const probe = open`,
  `import { lookup } from 'node:dns'\nexport const probe = lookup`,
  `import { lookup } from 'node:dns/promises'\nexport const probe = lookup`,
  `import { gzip } from 'node:zlib'\nexport const probe = gzip`,
  `import { pbkdf2 } from 'node:crypto'\nexport const probe = pbkdf2`,
  `import { readFile } from 'fs'\nexport const probe = readFile`,
  `export const probe: unknown = require('node:dns')`,
]
const HARMLESS: readonly string[] = [
  `import { readFileSync } from 'node:fs'\nexport const probe = readFileSync`,
  `import { gzipSync } from 'node:zlib'\nexport const probe = gzipSync`,
  `import { createHash } from 'node:crypto'\nexport const probe = createHash`,
  `import net from 'node:net'\nexport const probe = net.connect`,
]

let temporary: { readonly path: string; remove(): void }
/** Files with at least one error. */
let reported: ReadonlySet<string>

function put(file: string, text: string): void {
  const target = path.join(temporary.path, file)
  mkdirSync(path.dirname(target), { recursive: true })
  writeFileSync(target, `${text}\n`)
}

beforeAll(() => {
  temporary = temporaryFolder('floors')
  copyFileSync(path.join(ROOT, '.oxlintrc.json'), path.join(temporary.path, '.oxlintrc.json'))
  for (const room of ROOMS) {
    put(`src/${room}/target.ts`, 'export const target = 1')
    for (const other of ROOMS)
      put(
        `src/${room}/imports/${other}.ts`,
        `import { target } from '../../${other}/target.js'\nexport const probe = target`,
      )
    for (const [i, text] of POOL_USERS.entries()) put(`src/${room}/pool/user-${i}.ts`, text)
    for (const [i, text] of HARMLESS.entries()) put(`src/${room}/pool/harmless-${i}.ts`, text)
  }
  put('src/watch/circle-a.ts', `import { b } from './circle-b.js'\nexport const a = (): unknown => b`)
  put('src/watch/circle-b.ts', `import { a } from './circle-a.js'\nexport const b = (): unknown => a`)
  const args = ['--format', 'unix', '--import-plugin', 'src']
  const result = spawnSync(path.join(ROOT, 'node_modules/.bin/oxlint'), args, {
    cwd: temporary.path,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  reported = new Set(result.stdout.split('\n').map((line) => /^(?:\.\/)?(src\/[^:]+):\d+:\d+: /.exec(line)?.[1] ?? ''))
}, 60_000)
afterAll(() => temporary.remove())

test('keeps .oxlintrc.json as the table of the house makes it (npm run lint:rules)', () => {
  expect(readFileSync(path.join(ROOT, '.oxlintrc.json'), 'utf8')).toBe(lintRulesText())
})

test('has a row in the table for every room that there is', () => {
  const rooms = readdirSync(path.join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(rooms.map((entry) => entry.name).filter((name) => !ROOMS.includes(name))).toEqual([])
  expect(existsSync(path.join(ROOT, 'src/model'))).toBe(true)
})

test.each(ROOMS)('reports every import of %s from a floor above, and none from a floor below', (room) => {
  const floorOf = (name: string): number => FLOORS.findIndex((floor) => floor.includes(name))
  const above = ROOMS.filter((other) => floorOf(other) > floorOf(room))
  const banned = HOUSE.flat().find((row) => row.room === room)?.mayNotImport ?? []
  const below = ROOMS.filter((other) => floorOf(other) < floorOf(room) && !banned.includes(other))
  const isReported = (other: string): boolean => reported.has(`src/${room}/imports/${other}.ts`)
  expect([...above, ...banned].filter((other) => !isReported(other))).toEqual([])
  expect(below.filter((other) => isReported(other))).toEqual([])
})

test.each(FLOORS.filter((floor) => floor.length > 1))(
  'reports imports between neighbours: %s, %s',
  (...floor: string[]) => {
    const pairs = floor.flatMap((room) =>
      floor.filter((other) => other !== room).map((other) => [room, other] as const),
    )
    expect(pairs.filter(([room, other]) => !reported.has(`src/${room}/imports/${other}.ts`))).toEqual([])
  },
)

test.each(ROOMS.filter((room) => !OWN_PROCESS.includes(room)))(
  "reports every use of libuv's pool in %s, and no synchronous call",
  (room) => {
    const missed = POOL_USERS.filter((_, i) => !reported.has(`src/${room}/pool/user-${i}.ts`))
    expect(missed).toEqual([])
    expect(HARMLESS.filter((_, i) => reported.has(`src/${room}/pool/harmless-${i}.ts`))).toEqual([])
  },
)

test('reports circles', () => {
  expect([...reported].filter((file) => file.includes('circle')).length).toBeGreaterThan(0)
})
