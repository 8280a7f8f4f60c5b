import { describe, expect, it } from 'vitest'
import { type LedgerOptions, type Meters, openCostMeter } from '../../../src/investigate/cost-meter.js'
import type { ClockReading } from '../../../src/model/heartbeat.js'
import type { CaptureOutcome } from '../../../src/model/outcome.js'
import { StallError } from '../../../src/model/stall-error.js'

type Attached = CaptureOutcome<{ readonly engine: string }>

const clock = (name: string, beats: number): ClockReading => ({ name, beats }) as unknown as ClockReading
const captured = (engine: string): Attached => ({ status: 'captured', evidence: { engine }, tookMs: 1, pausedMs: 1 })
const refused = (code: 'ERR_STALL_NOTHING_RUNNING' | 'ERR_STALL_INSPECTOR_TIMEOUT'): Attached => ({
  status: 'unavailable',
  error: new StallError(code, 'no'),
})

const SILENT: LedgerOptions['stall'] = { clock: 'invoices', trigger: 'loop-silence' }

function ended(stall: LedgerOptions['stall'], before: number, after: number, outcome: Attached): boolean {
  const costMeter = openCostMeter({ inside: true, stall })
  costMeter.beforeAttach([clock('event-loop', 7), clock('invoices', before)])
  costMeter.afterAttach([clock('event-loop', 9), clock('invoices', after)], outcome)
  return costMeter.soFar().endedOnAttach
}

describe('whether looking ended the stall', () => {
  it('is so when the silent clock beats right after the inspector was there', () => {
    expect(ended(SILENT, 40, 41, captured('inspector'))).toBe(true)
    expect(ended(SILENT, 40, 41, refused('ERR_STALL_INSPECTOR_TIMEOUT'))).toBe(true)
    expect(ended(SILENT, 40, 41, { status: 'timed-out', elapsedMs: 1 })).toBe(true)
    expect(ended({ clock: 'event-loop', trigger: 'event-loop' }, 40, 40, captured('inspector'))).toBe(true)
  })

  it('is not when it stays silent, whatever the other clocks do', () => {
    expect(ended(SILENT, 40, 40, captured('inspector'))).toBe(false)
  })

  it('is not when nothing was attached', () => {
    expect(ended(SILENT, 40, 41, captured('memory'))).toBe(false)
    expect(ended(SILENT, 40, 41, refused('ERR_STALL_NOTHING_RUNNING'))).toBe(false)
  })

  it('is not known of a poller that beats all the time and gets no answers, nor without a stall or clocks', () => {
    expect(ended({ clock: 'invoices', trigger: 'poll-success' }, 40, 60, captured('inspector'))).toBe(false)
    expect(ended(null, 40, 60, captured('inspector'))).toBe(false)
    const costMeter = openCostMeter({ inside: false, stall: SILENT })
    costMeter.beforeAttach(null)
    costMeter.afterAttach(null, captured('inspector'))
    expect(costMeter.soFar().endedOnAttach).toBe(false)
  })
})

function meters(): Meters & { cpu: number; now: number; resident: number } {
  const state = { cpu: 500, now: 1000, resident: 100 }
  return Object.assign(state, {
    cpuMs: () => state.cpu,
    nowMs: () => state.now,
    residentBytes: () => state.resident,
  })
}

describe('what a capture cost', () => {
  it('inside: all that its thread ever used, and the most memory at any time', () => {
    const of = meters()
    of.cpu = 80
    const costMeter = openCostMeter({ inside: true, stall: SILENT, residentBytesBefore: 60, meters: of })
    of.resident = 190
    costMeter.note()
    Object.assign(of, { cpu: 300, now: 3500, resident: 120 })
    expect(costMeter.soFar()).toEqual({ cpuMs: 300, wallMs: 2500, memoryBytes: 130, endedOnAttach: false })
  })

  it('outside: what the command used since, and none of the memory of the process that it looks at', () => {
    const of = meters()
    const costMeter = openCostMeter({ inside: false, stall: null, meters: of })
    Object.assign(of, { cpu: 620, now: 1400, resident: 900 })
    costMeter.note()
    expect(costMeter.soFar()).toMatchObject({ cpuMs: 120, wallMs: 400, memoryBytes: 0 })
  })

  it('goes on until the bundle is sealed', () => {
    const of = meters()
    const costMeter = openCostMeter({ inside: true, stall: null, residentBytesBefore: 100, meters: of })
    const joined = costMeter.soFar()
    Object.assign(of, { cpu: 700, now: 2000 })
    expect(costMeter.soFar().cpuMs).toBeGreaterThan(joined.cpuMs)
    expect(costMeter.soFar().wallMs).toBe(1000)
  })
})
