import { afterEach, beforeEach, expect, test } from 'vitest'
import { readIncident } from '../../../src/export/read-incident.js'
import { readBundle } from '../../../src/incident/bundle-reader.js'
import { formatBytes, formatDuration } from '../../../src/model/amounts.js'
import { renderIncident, type ShownIncident } from '../../../src/report/incident-text.js'
import type { IncidentManifest } from '../../../src/model/incident.js'
import { bundleIn, sealedBundle, temporaryFolder, VERDICT } from '../../support/incidents.js'

let temporary: { readonly path: string; remove(): void }

beforeEach(() => {
  temporary = temporaryFolder('incident-text')
})
afterEach(() => temporary.remove())

function shown(change: Partial<IncidentManifest> = {}): ShownIncident {
  const bundle = readBundle(sealedBundle(temporary.path))
  return {
    ...readIncident(bundle),
    path: bundle.path,
    state: bundle.state,
    manifest: { ...bundle.manifest, ...change },
  }
}

test('ends with the verdict; what it is made from stands above it', () => {
  const incident = shown()
  const text = renderIncident(incident, { color: false })
  const wanted = [
    `Incident ${incident.manifest.id}`,
    incident.path,
    'Process 4711',
    'invoice-poller  61.2 s  3411',
    'cpu.cpuprofile: the main thread never yielded (ERR_STALL_INSPECTOR_TIMEOUT)',
    'The poll loop of invoice-poller was silent for 61.2 s (warn at 45 s).',
    'computing/regexp  confidence high',
    VERDICT.summary,
    'validate (rules.js:18:21)',
    '< async execute (worker.js:40:5)',
    'What would rule it out: samples in other functions',
    `Next: ${VERDICT.nextStep} More: docs/verdicts.md#computing-regexp`,
  ]
  const places = wanted.map((piece) => text.indexOf(piece))
  expect(places.filter((at) => at < 0).length, text).toBe(0)
  expect(places).toEqual([...places].sort((a, b) => a - b))
  expect(text.trimEnd().endsWith(`More: docs/verdicts.md#computing-regexp`)).toBe(true)
  // eslint-disable-next-line no-control-regex -- colours are what must not be there
  expect(text).not.toMatch(/\u001b/)
})

test('shows artifacts and cost when asked for everything, and not before', () => {
  const told = ['kernel.json', 'Cost to the process: paused 0 ms, 90 ms of CPU; capture took 210 ms', '2 by key-name']
  const [short, long] = [false, true].map((verbose) => renderIncident(shown(), { color: false, verbose }))
  for (const piece of told) {
    expect(short).not.toContain(piece)
    expect(long).toContain(piece)
  }
})

test.each([40, 80, 120])('prose is broken between words to %d columns', (width) => {
  const summary = 'validate waits for the answer to a request that was sent an hour ago '.repeat(4).trim()
  const text = renderIncident(shown({ verdicts: [{ ...VERDICT, summary }] }), { color: false, width })
  const lines = text.split('\n')
  const from = lines.findIndex((line) => line.startsWith('validate waits'))
  const to = lines.findIndex((line) => line.startsWith('because'))
  expect(lines.slice(from, to).join(' ')).toBe(summary)
  expect(Math.max(...lines.slice(from, to).map((line) => line.length))).toBeLessThanOrEqual(width)
})

test('says that a bundle was never sealed, and claims no cost', () => {
  const writer = bundleIn(temporary.path)
  writer.addArtifact('kernel.json', '{}', { engine: 'procfs' })
  const bundle = readBundle(writer.path)
  const text = renderIncident({ ...readIncident(bundle), path: bundle.path, state: bundle.state }, { color: false })
  expect(text).toContain('NOT SEALED')
  expect(text).toContain('kernel.json')
  expect(text).toContain('ERR_STALL_BUNDLE_UNSEALED')
  expect(text).not.toContain('Cost to the process')
})

test('cuts a long chain and says so, and shows it all when asked', () => {
  const [frame] = VERDICT.chain
  if (frame === undefined) throw new Error('the verdict of the test has a chain')
  const chain = Array.from({ length: 40 }, (_, i) => ({ ...frame, function: `f${i}` }))
  const incident = shown({ verdicts: [{ ...VERDICT, chain }] })
  expect(renderIncident(incident, { color: false })).toContain('34 more (-v)')
  expect(renderIncident(incident, { color: false, verbose: true })).toContain('f39')
})

test('sends nothing to the terminal that could steer it', () => {
  const verdict = { ...VERDICT, summary: 'evil \u001b[2J', where: { ...VERDICT.where!, function: 'a\nb' } }
  const missing = [{ name: 'x\u001b', code: 'ERR_STALL_TIMEOUT', message: '\u0007', help: '\u009b1m' } as const]
  const text = renderIncident(shown({ verdicts: [verdict], missing }), { color: false })
  // eslint-disable-next-line no-control-regex -- those are what must not be there
  expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [500 * 2 ** 20, '500 MiB'],
  [3 * 2 ** 40, '3.0 TiB'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

test.each([
  [0, '0 ms'],
  [850, '850 ms'],
  [61_200, '61.2 s'],
  [720_000, '12 min'],
  [12_600_000, '3.5 h'],
  [345_600_000, '4 d'],
])('%d ms are %s', (ms, text) => expect(formatDuration(ms)).toBe(text))
