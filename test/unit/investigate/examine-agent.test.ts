import { expect, test } from 'vitest'
import { checksOf } from '../../../src/investigate/examine-agent.js'
import type { ClockReading } from '../../../src/model/heartbeat.js'
import { VERSION } from '../../../src/model/version.js'
import type { ControlStatus } from '../../../src/platform/control/protocol.js'

function clock(name: string, ageMs: number, more: Partial<ClockReading> = {}): ClockReading {
  return {
    name,
    kind: name === 'event-loop' ? 'event-loop' : 'custom',
    ageMs,
    beats: 7,
    paused: false,
    expectedWaitMs: 0,
    inFlightMs: null,
    lastSuccessMs: null,
    failuresInRow: 0,
    slotsInUse: null,
    slots: null,
    oldestTaskMs: null,
    responseTimeoutMs: null,
    usualIntervalMs: null,
    ended: false,
    ...more,
  }
}

const STATUS: ControlStatus = {
  pid: 1,
  startTicks: 1,
  node: 'v20.20.2',
  agent: VERSION,
  service: 'invoices',
  version: '1.4',
  state: 'watching',
  clocks: [clock('event-loop', 200), clock('poller', 900)],
  lastIncident: null,
  stallTimeoutMs: 300_000,
  warnMs: 45_000,
  eventLoopWarnMs: 5000,
  dir: '/var/incidents',
  canExit: true,
  droppedLogLines: 0,
  logUnavailable: null,
}

const said = (status: ControlStatus): string[] =>
  checksOf(status).map(({ subject, verdict, text }) => `${verdict} ${subject}: ${text}`)

test('says what it watches, with which thresholds, where bundles go, and whether 70 can be had', () => {
  expect(said(STATUS)).toEqual([
    `ok agent: version ${VERSION}, service invoices 1.4; it is watching`,
    'ok clock: event-loop: last beat 0.2 s ago, 7 so far',
    'ok clock: poller: last beat 0.9 s ago, 7 so far',
    'ok thresholds: evidence after 45 s of silence; ended with code 70 after 300 s',
    'ok bundles: /var/incidents',
    'ok exit code 70: can be had whatever its main thread is in (koffi)',
    'ok last incident: none in this run',
  ])
})

test('warns of what is late, off, absent or of another version', () => {
  const warned = said({
    ...STATUS,
    agent: '0.0.1',
    clocks: [
      clock('event-loop', 6000),
      clock('a', 50_000),
      clock('b', 900_000, { paused: true }),
      clock('c', 50_000, { expectedWaitMs: 9000 }),
    ],
    stallTimeoutMs: 0,
    canExit: false,
    dir: null,
    logUnavailable: 'it is closed',
  }).filter((line) => !line.startsWith('ok'))
  expect(warned).toEqual([
    `warn agent: version 0.0.1, this command is ${VERSION}, service invoices 1.4; it is watching`,
    'warn clock: event-loop: last beat 6 s ago, 7 so far',
    'warn clock: a: last beat 50 s ago, 7 so far',
    'warn thresholds: evidence after 45 s of silence; the watchdog is off: it is never ended',
    'no bundles: no folder can be written',
    'warn exit code 70: not in native code: koffi is absent there, and SIGKILL (137) ends it instead',
    'warn log: its stderr accepts no lines: it is closed',
  ])
})

test('an older agent says less, and nothing is made up', () => {
  const { eventLoopWarnMs: _warn, dir: _dir, canExit: _exit, ...older } = STATUS
  expect(said(older).some((line) => line.includes('bundles') || line.includes('exit code'))).toBe(false)
})
