import { describe, expect, it } from 'vitest'
import type { Frame } from '../../../src/model/frame.js'
import { TopCounter } from '../../../src/profile/top-counter.js'

const frame = (name: string, more: Partial<Frame> = {}): Frame => ({
  function: name,
  file: name.startsWith('(') ? null : '/app/a.js',
  line: 1,
  column: 1,
  tier: null,
  async: false,
  native: false,
  ...more,
})
const stack = (...names: string[]): { atMs: number; frames: Frame[] } => ({
  atMs: 0,
  frames: names.map((name) => frame(name)),
})

describe('what top counts', () => {
  it('is own time of the innermost function, and total of each that is on the stack, once', () => {
    const counter = new TopCounter(1)
    counter.add(1, stack('fib', 'fib', 'main'))
    counter.add(1, stack('main'))
    const [main, fib] = counter.functions(null, 'own', 10, 9)
    expect(fib).toMatchObject({ function: 'fib', ownShare: 0.5, totalShare: 0.5, ownMs: 10, totalMs: 10 })
    expect(main).toMatchObject({ function: 'main', ownShare: 0.5, totalShare: 1, ownMs: 10, totalMs: 20 })
    expect(counter.functions(null, 'total', 10, 1)).toMatchObject([{ function: 'main' }])
  })

  it('is told by thread, and of all of them', () => {
    const counter = new TopCounter(1)
    counter.add(1, stack('mainLoop'))
    counter.add(2, stack('workerLoop'))
    expect(counter.functions(2, 'own', 1, 9).map((each) => each.function)).toEqual(['workerLoop'])
    expect(counter.functions(null, 'own', 1, 9).map((each) => each.ownShare)).toEqual([0.5, 0.5])
    expect(counter.threads().map(({ tid, role }) => [tid, role])).toEqual([
      [1, 'main'],
      [2, 'worker'],
    ])
  })

  it('has shares of what came since the last refresh, and times since the beginning', () => {
    const counter = new TopCounter(1)
    counter.add(1, stack('early'))
    counter.refresh()
    counter.add(1, stack('late'))
    expect(counter.functions(null, 'own', 1, 9).map((each) => [each.function, each.ownShare, each.ownMs])).toEqual([
      ['late', 1, 1],
      ['early', 0, 1],
    ])
    counter.reset()
    expect(counter.functions(null, 'own', 1, 9)).toEqual([])
  })

  it('is no function for a thread that waits, and no time for one that awaits', () => {
    const counter = new TopCounter(1)
    counter.add(1, stack('(idle)'))
    counter.add(1, { atMs: 0, frames: [frame('step'), frame('poll', { async: true })] })
    expect(counter.threads()).toMatchObject([{ idleShare: 0.5 }])
    expect(counter.functions(null, 'own', 1, 9).map((each) => each.function)).toEqual(['step'])
  })
})
