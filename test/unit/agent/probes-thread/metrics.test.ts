import { expect, test } from 'vitest'
import { portOf } from '../../../../src/agent/probes-thread/probe-place.js'
import { metricsText } from '../../../../src/agent/probes-thread/metrics.js'
import type { IncidentNote } from '../../../../src/agent/probes-thread/probe-messages.js'
import { Tally } from '../../../../src/agent/probes-thread/tally.js'

const NOTE: IncidentNote = {
  at: '2026-01-01T00:00:00.000Z',
  trigger: 'loop-silence',
  level: 'warn',
  clock: 'a',
  ageMs: 1000,
  incident: 'X',
  bundle: '/b/X',
  verdict: 'awaiting/lock',
  confidence: null,
  summary: null,
  work: [],
  problem: null,
  captureMs: 1500,
}
const HEALTH = { alive: true, ready: false, reasons: ['x'] }

test('incidents are counted by level and cause, and their captures fall into buckets', () => {
  const tally = new Tally()
  tally.incident(NOTE)
  tally.incident(NOTE)
  tally.incident({ ...NOTE, level: 'stall', verdict: null, captureMs: 100_000 })
  const text = metricsText({ clocks: [], tally, health: HEALTH, wallMs: 0, build: { version: 'a"b\n\\c' } })
  expect(text).toContain('conductor_stall_total{level="warn",cause="awaiting/lock"} 2\n')
  expect(text).toContain('conductor_stall_total{level="stall",cause="none"} 1\n')
  expect(text).toContain('conductor_capture_duration_seconds_bucket{le="1"} 0\n')
  expect(text).toContain('conductor_capture_duration_seconds_bucket{le="2"} 2\n')
  expect(text).toContain('conductor_capture_duration_seconds_bucket{le="+Inf"} 3\n')
  expect(text).toContain('conductor_capture_duration_seconds_sum 103\n')
  expect(text).toContain('conductor_stall_alive 1\n')
  expect(text).toContain('conductor_stall_ready 0\n')
  expect(text).toContain(String.raw`{version="a\"b\\x0a\\c"} 1`)
})

test('memory stays bounded, however many incidents there are', () => {
  const tally = new Tally()
  for (let i = 0; i < 5000; i++) tally.incident({ ...NOTE, verdict: `cause ${i}` })
  expect(tally.notes).toHaveLength(20)
  expect(tally.stalls.length).toBeLessThan(210)
  expect(tally.stalls.reduce((sum, { count }) => sum + count, 0)).toBe(5000)
})

test('side by side each worker has a port of its own', () => {
  expect(portOf(9000, undefined)).toBe(9000)
  expect(portOf(9000, '3')).toBe(9002)
  expect(portOf(65_535, '2')).toBe(65_535)
  expect(portOf(9000, 'x')).toBe(9000)
})
