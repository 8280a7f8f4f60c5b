import { describe, expect, it } from 'vitest'
import { unmovedMs } from '../../../src/watch/full-slots.js'
import { Bench, clock } from './fake-clocks.js'

const FULL = { slots: 2, slotsInUse: 2 }
const full = (ms: number) => clock({ ...FULL, youngestTaskMs: ms, oldestTaskMs: ms, lastSuccessMs: ms })

describe('for how long full slots did not move', () => {
  it.each([
    ['all full', {}, 3000],
    ['an answer came since', { lastSuccessMs: 500 }, 500],
    ['one task changed', { youngestTaskMs: 700 }, 700],
    ['never an answer', { lastSuccessMs: null, openForMs: 2500 }, 2500],
    ['a free slot', { slotsInUse: 1 }, 0],
    ['slots unknown', { slots: null, slotsInUse: null }, 0],
    ['tasks unknown', { youngestTaskMs: null }, 0],
    ['paused', { paused: true }, 0],
    ['a declared wait', { expectedWaitMs: 100 }, 0],
  ] as const)('%s', (_title, change, expected) => {
    expect(unmovedMs({ ...full(3000), ...change })).toBe(expected)
  })
})

describe('an early look at full slots', () => {
  it('comes once after 2 s without movement, though the loop beats', () => {
    const bench = new Bench()
    const acts: string[] = []
    for (let ms = 0; ms <= 60_000; ms += 500) {
      const decision = bench.after(500, full(ms))
      if (decision) acts.push(`${ms} ${decision.act} ${decision.stall.ageMs}`)
    }
    expect(acts).toEqual(['2500 early-look 2500'])
  })

  it('costs a busy worker one look, and comes again after twice what is usual there', () => {
    const bench = new Bench()
    const acts: string[] = []
    const fill = (task: number, lastsMs: number) => {
      for (let ms = 0; ms <= lastsMs; ms += 500) {
        const decision = bench.after(500, full(ms))
        if (decision) acts.push(`task ${task} at ${ms}: ${decision.act}`)
      }
    }
    for (let task = 0; task < 20; task++) fill(task, 10_000 - 100 * task)
    fill(20, 60_000)
    expect(acts).toEqual(['task 0 at 2500: early-look', 'task 20 at 20500: early-look'])
  })
})
