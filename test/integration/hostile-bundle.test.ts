/** Bundles that somebody made to keep a reader busy: each list has a bound, and past it there is one clear error. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sealedBundle, temporaryFolder } from '../support/incidents.js'
import { CLI } from '../support/nodes.js'

let temporary: { readonly path: string; remove(): void }
let bundle: string
beforeEach(() => {
  temporary = temporaryFolder('hostile-bundle')
  bundle = sealedBundle(temporary.path)
})
afterEach(() => temporary.remove())

type Manifest = Record<string, Record<string, unknown>[]>

function change(act: (manifest: Manifest) => void): void {
  const file = path.join(bundle, 'incident.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest
  act(manifest)
  writeFileSync(file, JSON.stringify(manifest))
}

const many = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at))

const ATTACKS: readonly (readonly [string, RegExp, () => void])[] = [
  [
    '20,000 artifacts, all of them one file of 4 MB',
    /has 20000 artifacts/,
    () =>
      change((manifest) => {
        writeFileSync(path.join(bundle, 'large'), Buffer.alloc(4e6))
        manifest['artifacts'] = many(20_000, () => ({ ...manifest['artifacts']?.[0], name: 'large' }))
      }),
  ],
  [
    'one file listed 200 times',
    /lists kernel.json twice/,
    () => change((manifest) => (manifest['artifacts'] = many(200, () => ({ ...manifest['artifacts']?.[0] })))),
  ],
  [
    '100,000 clocks',
    /has 100000 clocks/,
    () => change((manifest) => (manifest['clocks'] = many(100_000, () => ({ name: 'c', ageMs: 1, beats: 1 })))),
  ],
  [
    'a chain of 100,000 frames',
    /has 100000 frames/,
    () => change((manifest) => Object.assign(manifest['verdicts']?.[0] ?? {}, { chain: many(100_000, () => ({})) })),
  ],
  [
    'a verdict that is a number',
    /not an object/,
    () => change((manifest) => (manifest['verdicts'] = [4 as unknown as Record<string, unknown>])),
  ],
  [
    'a million brackets for a verdict',
    /not an object/,
    () => {
      const file = path.join(bundle, 'incident.json')
      const deep = `${'['.repeat(1e6)}${']'.repeat(1e6)}`
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"verdicts": \[/, `"verdicts": [${deep},`))
    },
  ],
  ['a manifest of 40 MB', /larger than/, () => writeFileSync(path.join(bundle, 'incident.json'), ' '.repeat(40e6))],
  [
    '3,000 files beside its own',
    /holds more than 1000 files/,
    () => {
      for (let at = 0; at < 3000; at++) writeFileSync(path.join(bundle, `x${at}`), '')
    },
  ],
]

test.each(ATTACKS)('says that %s is damage, soon and once', (_what, reason, attack) => {
  attack()
  for (const args of [['show', '-v'], ['show', '--json'], ['show', '--markdown'], ['verify'], ['pack', '-o', '-']]) {
    const [command = '', ...options] = args
    const run = spawnSync(process.execPath, ['--max-old-space-size=160', CLI, command, bundle, ...options], {
      encoding: 'utf8',
      // What took 41 s before has to end by itself, on a busy machine too.
      timeout: 30_000,
    })
    expect({ command, status: run.status, signal: run.signal }).toEqual({ command, status: 65, signal: null })
    expect(run.stdout + run.stderr).toMatch(reason)
    expect(run.stderr).not.toMatch(/\n\s+at /)
  }
  const list = spawnSync(process.execPath, [CLI, 'ls', '--dir', temporary.path], { encoding: 'utf8', timeout: 30_000 })
  expect(list.status).toBe(0)
})

test('a bundle at the bounds is shown in full', () => {
  mkdirSync(temporary.path, { recursive: true })
  change((manifest) => (manifest['clocks'] = many(1024, (at) => ({ ...manifest['clocks']?.[0], name: `clock ${at}` }))))
  const run = spawnSync(process.execPath, [CLI, 'show', bundle, '-v'], { encoding: 'utf8', timeout: 60_000 })
  expect(run.stdout).toContain('clock 1023')
})
