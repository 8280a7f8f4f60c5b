/** Every bundle that was ever written is as its schema says, for ever; what is not is told with its place. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkBundle } from '../../../src/export/check-bundle.js'
import { readIncident } from '../../../src/export/read-incident.js'
import { recoverBundle } from '../../../src/export/recover-bundle.js'
import { hasSchema, schemaFault } from '../../../src/export/schema-check.js'
import { renderMarkdown } from '../../../src/report/markdown/render-markdown.js'
import { temporaryFolder } from '../../support/incidents.js'

const FIXTURES = path.resolve(__dirname, '../../fixtures/bundles')
const BUNDLES = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(path.join(FIXTURES, name)).map((id) => path.join(name, id)))

let temporary: { readonly path: string; remove(): void }
beforeEach(() => {
  temporary = temporaryFolder('schemas')
})
afterEach(() => temporary.remove())

test.each(BUNDLES)('%s is read: each of its files has a schema and is as that says', (name) => {
  const folder = path.join(FIXTURES, name)
  expect(checkBundle(folder).problems).toEqual([])
  const { bundle, fault } = recoverBundle(folder)
  expect(fault).toBeNull()
  const unknown = bundle.manifest.artifacts.map((artifact) => artifact.name).filter((file) => !hasSchema(file))
  expect(unknown.filter((file) => file !== 'report.md')).toEqual([])
  const incident = readIncident(bundle)
  expect(incident.evidence?.looks.length).toBeGreaterThan(0)
  expect(renderMarkdown(incident)).toMatch(/^# [a-z]+/)
})

// eslint-disable-next-line typescript/no-explicit-any -- JSON that is spoilt on purpose
type Json = any

const NAME = 'schema-1/01M8JH5KFWYRCX7VMKB7VC45SP'

/** The fixture with one file changed, its sum put right: the content itself is what readers meet. */
function changed(file: string, change: (value: Json) => void): string {
  const folder = path.join(temporary.path, path.basename(NAME))
  cpSync(path.join(FIXTURES, NAME), folder, { recursive: true })
  const value = JSON.parse(readFileSync(path.join(folder, file), 'utf8'))
  change(value)
  const text = JSON.stringify(value)
  writeFileSync(path.join(folder, file), text)
  const manifest = JSON.parse(readFileSync(path.join(folder, 'incident.json'), 'utf8'))
  const sha256 = createHash('sha256').update(text).digest('hex')
  for (const record of manifest.artifacts) {
    if (record.name === file) Object.assign(record, { sizeBytes: Buffer.byteLength(text), sha256 })
  }
  if (file !== 'incident.json') writeFileSync(path.join(folder, 'incident.json'), JSON.stringify(manifest))
  return folder
}

const WRONG: [file: string, change: (value: Json) => void, message: string][] = [
  ['threads.json', (v) => delete v[0].frames, 'is not as its schema says: /0 has no frames'],
  ['sockets.json', (v) => (v[0].fd = '7'), 'is not as its schema says: /0/fd has to be number or null'],
  [
    'evidence.json',
    (v) => (v.looks[0].kernel.loadAverage = 'high'),
    'is not as its schema says: /looks/0/kernel is none of the things that it may be',
  ],
]

test.each(WRONG)('%s that is not as its schema says is told with its place', (file, change, message) => {
  const { problems } = checkBundle(changed(file, change))
  expect(problems.filter(({ artifact }) => artifact === file)).toEqual([{ artifact: file, message }])
})

test('what a newer writer adds is no fault: fields, and words', () => {
  const folder = changed('threads.json', (value) => Object.assign(value[0], { mood: 'calm', state: 'dreaming' }))
  expect(checkBundle(folder).problems.filter(({ artifact }) => artifact === 'threads.json')).toEqual([])
})

test('a tree without end is answered, and files that nobody knows are not judged', () => {
  let deep: unknown = []
  for (let i = 0; i < 200_000; i++) {
    deep = [{ function: null, file: null, line: null, column: null, count: 1, awaiting: deep }]
  }
  expect(schemaFault('await-roots.json', deep)).toBe('is nested too deeply to be read')
  expect(schemaFault('notes.txt', {})).toBeNull()
  expect(schemaFault('constructor', {})).toBeNull()
})
