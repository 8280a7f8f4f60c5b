import { afterEach, beforeEach, expect, test } from 'vitest'
import { readBundle } from '../../../src/incident/bundle-reader.js'
import { formatBytes, formatDuration } from '../../../src/model/amounts.js'
import { renderIncidentList, type IncidentLine } from '../../../src/report/incident-list.js'
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
  return { ...bundle, manifest: { ...bundle.manifest, ...change } }
}

test('shows verdict, place, chain, clocks, artifacts, what is missing and the cost, in this order', () => {
  const incident = shown()
  const text = renderIncident(incident, { color: false })
  const wanted = [
    `Incident ${incident.manifest.id}`,
    incident.path,
    'Process 4711',
    'The poll loop of invoice-poller was silent for 61.2 s (warn at 45 s).',
    'computing/regexp  confidence high',
    VERDICT.summary,
    'validate (rules.js:18:21)',
    '< async execute (worker.js:40:5)',
    `Next: ${VERDICT.nextStep}`,
    'Wrong if: samples in other functions',
    'invoice-poller  61.2 s  3411',
    'kernel.json',
    'cpu.cpuprofile: the main thread never yielded (ERR_STALL_INSPECTOR_TIMEOUT)',
    'Cost to the process: paused 0 ms, 90 ms of CPU; capture took 210 ms',
    'Redacted: 2 by key-name',
  ]
  const places = wanted.map((piece) => text.indexOf(piece))
  expect(places.filter((at) => at < 0).length, text).toBe(0)
  expect(places).toEqual([...places].sort((a, b) => a - b))
  // eslint-disable-next-line no-control-regex -- colours are what must not be there
  expect(text).not.toMatch(/\u001b/)
})

test('says that a bundle was never sealed, and claims no cost', () => {
  const writer = bundleIn(temporary.path)
  writer.addArtifact('kernel.json', '{}', { engine: 'procfs' })
  const text = renderIncident(readBundle(writer.path), { color: false })
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
  expect(renderIncident(incident, { color: false })).toContain('28 more (-v)')
  expect(renderIncident(incident, { color: false, verbose: true })).toContain('f39')
})

test('sends nothing to the terminal that could steer it', () => {
  const verdict = { ...VERDICT, summary: 'evil \u001b[2J', where: { ...VERDICT.where!, function: 'a\nb' } }
  const missing = [{ name: 'x\u001b', code: 'ERR_STALL_TIMEOUT', message: '\u0007', help: '\u009b1m' } as const]
  const text = renderIncident(shown({ verdicts: [verdict], missing }), { color: false })
  // eslint-disable-next-line no-control-regex -- those are what must not be there
  expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
})

const LINE: IncidentLine = {
  id: '01M89Y8W2SZNJ1QQQFK1RR4MS8',
  path: '/x',
  state: 'sealed',
  createdAt: '2026-11-25T10:00:00.000Z',
  sizeBytes: 16_384,
  service: 'invoices',
  pid: 4711,
  trigger: 'loop-silence',
  verdict: VERDICT,
  fingerprint: null,
  fault: null,
}

test('lists incidents one a line, also those that are not sealed or not readable', () => {
  const now = Date.parse(LINE.createdAt) + 90_000
  const lines: IncidentLine[] = [
    LINE,
    { ...LINE, state: 'partial', verdict: null },
    { ...LINE, verdict: null, service: null, fault: 'incident.json of X is corrupt' },
    { ...LINE, verdict: { ...VERDICT, kind: 'stopped', cause: null, where: null } },
  ]
  const text = renderIncidentList(lines, { color: false, now })
  expect(text.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
    ['ID', 'AGE', 'SERVICE', 'VERDICT', 'PLACE', 'SIZE'],
    [LINE.id, '90 s', 'invoices', 'computing/regexp', 'validate /srv/app/rules.js:18', '16 KiB'],
    [LINE.id, '90 s', 'invoices', '(not sealed)', '-', '16 KiB'],
    [LINE.id, '90 s', '-', 'unreadable: incident.json of X is corrupt', '-', '16 KiB'],
    [LINE.id, '90 s', 'invoices', 'stopped', '-', '16 KiB'],
    [''],
  ])
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
