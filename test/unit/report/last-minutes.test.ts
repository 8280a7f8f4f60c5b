/** What happened before and during a capture, in its order and counted back from the last look. */
import path from 'node:path'
import { expect, test } from 'vitest'
import { readIncident } from '../../../src/export/read-incident.js'
import { readBundle } from '../../../src/incident/bundle-reader.js'
import { lastMinutes } from '../../../src/report/last-minutes.js'

const FIXTURES = path.resolve(__dirname, '../../fixtures/bundles/schema-1')
const read = (id: string) => readIncident(readBundle(path.join(FIXTURES, id)))
const waiting = read('01M8JH5KFWYRCX7VMKB7VC45SP')
const computing = read('01M8JH55NN062BZW8EHF3NTXWM')

test('last beat, notice and looks stand in the order in which they happened', () => {
  const told = lastMinutes(waiting)
  expect(told?.events.map(({ agoMs, text }) => `${Math.round(agoMs)} ${text}`)).toEqual([
    '4636 invoice-poller beat for the last time (3 beats so far, before that one every 309 ms)',
    '2532 invoice-poller was found silent for 2.1 s; the limit is 2 s',
    '2000 look 1: main thread idle',
    '425 event-loop beat for the last time (8 beats so far, before that one every 604 ms)',
    '0 look 2: main thread idle, since the one before 8 turns and no garbage collection',
  ])
  expect(told?.note).toMatch(/^No look was taken before the silence was noticed/)
})

test('an event loop that does not turn is told with each look', () => {
  expect(lastMinutes(computing)?.events.at(-1)?.text).toMatch(
    /^look 2: main thread running, .*not turning for .* at least, since the one before no turn of the event loop/,
  )
})

test('an early look is called that, and then nothing is said to be missing', () => {
  const { evidence, manifest } = waiting
  const [first] = evidence?.looks ?? []
  if (evidence === null || first === undefined) throw new TypeError('the fixture has looks')
  const early = { ...first, takenAtMs: first.takenAtMs - 1000 }
  const told = lastMinutes({ ...waiting, manifest, evidence: { ...evidence, looks: [early, ...evidence.looks] } })
  expect(told?.note).toBeNull()
  expect(told?.events[1]?.text).toMatch(/^early look 1, before the silence was noticed: main thread idle$/)
})

test('tasks, answered and failed polls and the poll in flight are told', () => {
  const { evidence, manifest } = waiting
  if (evidence === null) throw new TypeError('the fixture has evidence')
  const looks = evidence.looks.map((look) => ({
    ...look,
    clocks: (look.clocks ?? []).map((clock) => ({
      ...clock,
      lastSuccessMs: 9000,
      failuresInRow: 2,
      lastError: 'ECONNREFUSED',
      inFlightMs: 4500,
    })),
  }))
  const tasks = [{ clock: 'invoice-poller', taskId: '8f2c', ageMs: 8000, responseTimeoutMs: null, execute: null }]
  const texts = lastMinutes({ ...waiting, manifest, evidence: { ...evidence, looks, tasks } })?.events.map(
    (each) => each.text,
  )
  expect(texts?.slice(0, 3)).toEqual([
    'a poll of invoice-poller was answered; 2 polls failed since (ECONNREFUSED)',
    'a poll of event-loop was answered; 2 polls failed since (ECONNREFUSED)',
    'task 8f2c of invoice-poller began, and has not ended',
  ])
  expect(texts).toContain('invoice-poller sent the poll that is still in flight')
})

test('without evidence the clocks of the manifest are told, without those nothing', () => {
  expect(lastMinutes({ ...waiting, evidence: null })?.events.length).toBeGreaterThan(0)
  expect(
    lastMinutes({ ...waiting, evidence: null, manifest: { ...waiting.manifest, clocks: [], stall: null } }),
  ).toBeNull()
})

test('what somebody has damaged costs this part and no more', () => {
  const stall = { ...waiting.manifest.stall, clocks: 7 } as unknown as typeof waiting.manifest.stall
  expect(lastMinutes({ ...waiting, manifest: { ...waiting.manifest, stall } })).toBeNull()
  const [clock] = waiting.manifest.clocks
  const clocks = [{ ...clock, usualIntervalMs: JSON.parse('{"toString":1}') }] as typeof waiting.manifest.clocks
  expect(lastMinutes({ ...waiting, evidence: null, manifest: { ...waiting.manifest, clocks } })).toBeNull()
})
