/** What moved between two looks is told, and what did not is not. */
import path from 'node:path'
import { expect, test } from 'vitest'
import { readIncident } from '../../../../src/export/read-incident.js'
import { readBundle } from '../../../../src/incident/bundle-reader.js'
import type { Look } from '../../../../src/model/evidence.js'
import type { IncidentManifest } from '../../../../src/model/incident.js'
import { compareLooks, type DiffSide } from '../../../../src/report/diff/compare-looks.js'
import { renderDiff } from '../../../../src/report/diff/diff-text.js'

const FOLDER = path.resolve(__dirname, '../../../fixtures/bundles/schema-1/01M8JH5KFWYRCX7VMKB7VC45SP')
const { manifest, evidence } = readIncident(readBundle(FOLDER))
const PLAIN = { color: false, verbose: false, width: null }

function side(number: number, change: (look: Look) => Partial<Look> = () => ({}), other: object = {}): DiffSide {
  const look = evidence?.looks[number - 1]
  if (evidence === null || look === undefined) throw new TypeError('the fixture has two looks')
  const told = { ...manifest, ...other } as IncidentManifest
  return { manifest: told, evidence, look: { ...look, ...change(look) }, number }
}

const restarted = {
  id: '01M8JH5KFWYRCX7VMKB7VC45SQ',
  process: { ...manifest.process, pid: 4711, startTicks: 1, cwd: '/srv/app-2' },
}
/** The same code unpacked elsewhere and some lines further down, in another process. */
const moved = (look: Look): Look =>
  JSON.parse(
    JSON.stringify(look)
      .replaceAll('/srv/app/', '/srv/app-2/')
      .replaceAll(/"line":(\d+)/g, (_, line) => `"line":${Number(line) + 7}`)
      .replaceAll(/"tid":(\d+)/g, (_, tid) => `"tid":${Number(tid) + 1000}`),
  )

test('a look and itself are the same in everything', () => {
  const diff = compareLooks(side(2), side(2))
  const all = [...(diff.clocks ?? []), ...(diff.threads ?? []), ...(diff.awaits ?? []), ...(diff.sockets ?? [])]
  expect(all.length).toBeGreaterThan(10)
  expect(all.filter(({ change }) => change !== 'same')).toEqual([])
  expect(diff).toMatchObject({ apartMs: 0, sameProcess: true, sameVerdict: true })
})

test('an await that went, one that came and one of which there are more', () => {
  const diff = compareLooks(
    side(1),
    side(2, ({ awaits }) => {
      const [first, second, ...rest] = awaits?.awaits ?? []
      if (awaits === null || first === undefined || second === undefined) throw new TypeError('the fixture has awaits')
      const changed = [{ ...first, function: 'refund' }, { ...second, count: 5 }, ...rest]
      return { awaits: { ...awaits, awaits: changed } }
    }),
  )
  const told = diff.awaits?.filter(({ change }) => change !== 'same') ?? []
  expect(told.map(({ change, place }) => `${change} ${place.split(' ')[0]}`).sort()).toEqual([
    expect.stringMatching(/^changed /),
    'gone chargeCard',
    'new refund',
  ])
  expect(renderDiff(diff, PLAIN)).toMatch(
    /moved {2}1 -> 5 × [^]*new {4}refund \([^]*gone {3}chargeCard \(wedges\.js:24:18\)/,
  )
})

test('clocks tell their beats, and one without a beat says so', () => {
  const diff = compareLooks(side(1), side(2))
  expect(diff.clocks).toMatchObject([
    { clock: 'invoice-poller', change: 'same', beats: 0 },
    { clock: 'event-loop', change: 'changed', beats: 2 },
  ])
  expect(renderDiff(diff, PLAIN)).toContain('same   invoice-poller: not one beat between them, silent for')
})

test('a socket whose queue grew and one that is gone', () => {
  const diff = compareLooks(
    side(1),
    side(2, ({ kernel }) => {
      const [first, ...rest] = kernel?.sockets ?? []
      if (kernel === null || first === undefined) throw new TypeError('the fixture has sockets')
      return { kernel: { ...kernel, sockets: [{ ...first, sendQueueBytes: 2048 }, ...rest.slice(1)] } }
    }),
  )
  const changes = diff.sockets?.map(({ change }) => change) ?? []
  expect(changes.filter((change) => change === 'changed')).toHaveLength(1)
  expect(changes.filter((change) => change === 'gone')).toHaveLength(1)
  expect(renderDiff(diff, PLAIN)).toContain('2.0 KiB to send')
})

test('another release of the program in another process waits at the same functions', () => {
  const diff = compareLooks(side(2), side(2, moved, restarted))
  expect(diff).toMatchObject({ sameProcess: false, sameVerdict: true })
  const own = diff.awaits?.filter(({ place }) => place.includes('.js:')) ?? []
  expect(own.length).toBeGreaterThan(2)
  expect(own.filter(({ change }) => change !== 'same')).toEqual([])
  expect(diff.threads?.every(({ change, cpuMs }) => change === 'same' && cpuMs === null)).toBe(true)
  expect(renderDiff(diff, PLAIN)).toContain('processes 20002 and 4711')
})

test('in one process another line of the same function is another place', () => {
  const diff = compareLooks(
    side(2),
    side(2, (look) => ({ awaits: moved(look).awaits })),
  )
  expect(diff.awaits?.some(({ change }) => change === 'new')).toBe(true)
})

test('a part that one look lacks, or that is damaged, is not compared', () => {
  const diff = compareLooks(
    side(1),
    side(2, () => ({ awaits: null, clocks: [null] as unknown as Look['clocks'] })),
  )
  expect(diff).toMatchObject({ awaits: null, clocks: null })
  expect(renderDiff(diff, PLAIN)).toMatch(/Clocks\n {2}not in both of them[^]*Awaits\n {2}not in both of them/)
})
