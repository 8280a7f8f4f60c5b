import { describe, expect, it } from 'vitest'
import { monotonicOffsetMs } from '../../../../src/native/process/target-clock.js'
import { starvationOf, type StarvationReading } from '../../../../src/v8/figures/starvation.js'

function look(over: Partial<StarvationReading> = {}): StarvationReading {
  return { turns: 5, polling: false, microtasks: 100, asyncIds: 200, tickScheduled: false, ...over }
}

describe('starvation', () => {
  it.each([
    ['microtasks', [look(), look({ microtasks: 900 })]],
    ['microtasks', [look(), look({ microtasks: 900, asyncIds: 999 })]],
    ['next-tick', [look({ tickScheduled: true }), look({ asyncIds: 999, tickScheduled: true })]],
    ['both', [look(), look({ tickScheduled: true }), look({ microtasks: 900, asyncIds: 999 })]],
    ['none', [look(), look()]],
    ['none', [look({ tickScheduled: true }), look({ tickScheduled: true })]],
    ['none', [look(), look({ turns: 6, microtasks: 900 })]],
    ['none', [look(), look({ polling: true, microtasks: 900 })]],
    ['none', [look({ tickScheduled: true })]],
    ['none', []],
  ])('is %s', (starvation, looks) => {
    expect(starvationOf(looks)).toBe(starvation)
  })
})

describe('the clock of a time namespace', () => {
  it('is read from timens_offsets, by name or by number', () => {
    expect(monotonicOffsetMs('monotonic           10         500000000\nboottime            20         0\n')).toBe(
      10_500,
    )
    expect(monotonicOffsetMs('1 -3 0\n7 0 0\n')).toBe(-3000)
    expect(monotonicOffsetMs(null)).toBe(0)
    expect(monotonicOffsetMs('garbage')).toBe(0)
  })
})
