import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readArtifact, readBundle, verifyBundle } from '../../../src/incident/bundle-reader.js'
import { bundleIn, sealedBundle, temporaryFolder, VERDICT } from '../../support/incidents.js'

let temporary: { readonly path: string; remove(): void }
let folder: string

beforeEach(() => {
  temporary = temporaryFolder('bundle-reader')
  folder = sealedBundle(temporary.path)
})
afterEach(() => temporary.remove())

function file(name: string): string {
  return path.join(folder, name)
}

function changeManifest(change: (manifest: Record<string, unknown>) => void): void {
  const manifest = JSON.parse(readFileSync(file('incident.json'), 'utf8')) as Record<string, unknown>
  change(manifest)
  writeFileSync(file('incident.json'), JSON.stringify(manifest))
}

test('reads a sealed bundle and its artifacts', () => {
  const bundle = readBundle(folder)
  expect(bundle).toMatchObject({ state: 'sealed', id: path.basename(folder), manifest: { verdicts: [VERDICT] } })
  expect(readArtifact(bundle, 'stacks.json').toString()).toBe('[{"frames":[]}]')
  expect(verifyBundle(folder)).toMatchObject({ checked: 3, problems: [], unlisted: [] })
})

test.each([
  ['changed', () => writeFileSync(file('kernel.json'), '{"threads":{}}'), /SHA-256/],
  ['longer', () => appendFileSync(file('kernel.json'), ' '), /has 15 bytes, not 14/],
  ['shorter', () => truncateSync(file('kernel.json'), 3), /has 3 bytes, not 14/],
  ['gone', () => rmSync(file('kernel.json')), /not there/],
  [
    'a folder',
    () => {
      rmSync(file('kernel.json'))
      mkdirSync(file('kernel.json'))
    },
    /not a regular file/,
  ],
  [
    'a link',
    () => {
      renameSync(file('kernel.json'), path.join(temporary.path, 'elsewhere'))
      symlinkSync(path.join(temporary.path, 'elsewhere'), file('kernel.json'))
    },
    /can't be opened \(ELOOP\)/,
  ],
])('names the artifact that is %s, and still reads the others', (_what, damage, message) => {
  damage()
  const report = verifyBundle(folder)
  expect(report.problems).toEqual([{ artifact: 'kernel.json', message: expect.stringMatching(message) }])
  const bundle = readBundle(folder)
  expect(() => readArtifact(bundle, 'kernel.json')).toThrow(
    expect.objectContaining({ code: 'ERR_STALL_BUNDLE_CORRUPT', message: expect.stringContaining('kernel.json') }),
  )
  expect(readArtifact(bundle, 'stacks.json')).toHaveLength(15)
})

test('notices a manifest that was changed and is still valid', () => {
  changeManifest((manifest) => (manifest['verdicts'] = []))
  expect(verifyBundle(folder).problems).toEqual([
    { artifact: 'incident.json', message: 'has another SHA-256 than SHA256SUMS says' },
  ])
})

test.each([
  ['no JSON', () => writeFileSync(file('incident.json'), '{"schema":'), /is no JSON object$/],
  [
    'another incident',
    () => changeManifest((m) => (m['id'] = '01M89Y8W2SZNJ1QQQFK1RR4MS8')),
    /is that of incident 01M89Y8W2SZNJ1QQQFK1RR4MS8/,
  ],
  ['without artifacts', () => changeManifest((m) => delete m['artifacts']), /no list of artifacts/],
  ['without a process', () => changeManifest((m) => (m['process'] = null)), /no object named process/],
  ['of a later schema', () => changeManifest((m) => (m['schema'] = 99)), /newer/],
  [
    'with a path for a name',
    () => changeManifest((m) => (m['artifacts'] = [{ name: '../x', sizeBytes: 1, sha256: 'a'.repeat(64) }])),
    /without a valid name/,
  ],
  ['gone', () => rmSync(file('incident.json')), /not there/],
])('says that the manifest is corrupt when it is %s', (_what, damage, message) => {
  damage()
  expect(() => readBundle(folder)).toThrow(
    expect.objectContaining({ code: 'ERR_STALL_BUNDLE_CORRUPT', message: expect.stringMatching(message) }),
  )
  expect(verifyBundle(folder).problems).toMatchObject([{ artifact: 'incident.json' }])
})

test('tells all damage by SHA256SUMS when the manifest is damaged, too', () => {
  rmSync(file('incident.json'))
  writeFileSync(file('kernel.json'), '{}')
  writeFileSync(file('notes.txt'), 'mine')
  expect(verifyBundle(folder)).toMatchObject({
    checked: 3,
    problems: [
      { artifact: 'incident.json', message: 'is not there' },
      { artifact: 'kernel.json', message: 'has another SHA-256 than SHA256SUMS says' },
    ],
    unlisted: ['notes.txt'],
  })
})

test('lists files that the manifest does not know, without calling them corrupt', () => {
  writeFileSync(file('notes.txt'), 'mine')
  expect(verifyBundle(folder)).toMatchObject({ problems: [], unlisted: ['notes.txt'] })
})

test('reads what a bundle that was never sealed has', () => {
  const writer = bundleIn(temporary.path)
  writer.addArtifact('kernel.json', '{}', { engine: 'procfs' })
  const bundle = readBundle(writer.path)
  expect(bundle).toMatchObject({
    state: 'partial',
    writer: { pid: process.pid },
    manifest: {
      sealedAt: '',
      process: { service: 'invoices' },
      stall: { clock: 'invoice-poller' },
      artifacts: [{ name: 'kernel.json', sizeBytes: 2 }],
      missing: [{ code: 'ERR_STALL_BUNDLE_UNSEALED' }],
    },
  })
  expect(readArtifact(bundle, 'kernel.json').toString()).toBe('{}')
})

test('reads a partial bundle of which nothing but the folder is left', () => {
  const partial = path.join(temporary.path, '01M89Y8W2SZNJ1QQQFK1RR4MS8.partial')
  mkdirSync(partial)
  writeFileSync(path.join(partial, 'opened.json'), 'torn')
  expect(readBundle(partial)).toMatchObject({
    writer: null,
    manifest: { createdAt: '2026-11-25T18:07:47.801Z', process: { pid: 0 } },
  })
})

test.each(['01M89Y8W2SZNJ1QQQFK1RR4MS8', 'notes', '01M89Y8W2SZNJ1QQQFK1RR4MS8.deleting'])(
  'says that there is no bundle named %s',
  (name) => {
    if (name !== '01M89Y8W2SZNJ1QQQFK1RR4MS8') mkdirSync(path.join(temporary.path, name))
    expect(() => readBundle(path.join(temporary.path, name))).toThrow(
      expect.objectContaining({ code: 'ERR_STALL_BUNDLE_NOT_FOUND' }),
    )
  },
)
