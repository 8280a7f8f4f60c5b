import { describe, expect, it } from 'vitest'
import { canDrain, OutsideWatch, type OutsideLook } from '../../../src/supervise/outside-watch.js'

const HEALTHY: OutsideLook = {
  atMs: 0,
  state: 'S',
  frozen: false,
  agent: 'answers',
  turns: null,
  polling: true,
  ready: true,
}
const EVERY_MS = 1000

/** One look a second; the kind of the first trouble and when. */
function watch(look: (second: number) => Partial<OutsideLook>, limits = {}, seconds = 120): string | null {
  const outside = new OutsideWatch({ timeoutMs: 30_000, readyMs: 0, ...limits }, 0)
  for (let second = 1; second <= seconds; second++) {
    const found = outside.look({ ...HEALTHY, atMs: second * 1000, ...look(second) }, EVERY_MS)
    if (found) return `${found.kind} at ${second} s, ${canDrain(found) ? 'drained' : 'killed'}`
  }
  return null
}

const SILENT = { agent: 'silent', polling: false } as const

describe('from outside', () => {
  it.each([
    ['stopped by a signal', () => ({ state: 'T', agent: 'silent' as const }), 'stopped at 31 s, killed'],
    ['frozen', () => ({ frozen: true, agent: 'silent' as const }), 'frozen at 31 s, killed'],
    ['blocked, its agent silent', () => ({ ...SILENT, turns: 7 }), 'blocked at 31 s, killed'],
    [
      'blocked before it ever had an agent',
      () => ({ ...SILENT, agent: 'none' as const, turns: 7 }),
      'blocked at 31 s, killed',
    ],
    ['silent, but its loop turns: starved', (s: number) => ({ ...SILENT, turns: s }), 'agent-silent at 31 s, drained'],
    [
      'its agent is gone, its loop waits for events',
      () => ({ agent: 'gone' as const, turns: 7 }),
      'agent-gone at 31 s, drained',
    ],
    [
      'its agent is gone, and memory tells nothing',
      () => ({ agent: 'gone' as const, polling: false }),
      'agent-gone at 31 s, drained',
    ],
    ['no agent, and its loop waits for events', () => ({ agent: 'none' as const, turns: 7 }), null],
    ['no agent, and memory tells nothing', () => ({ agent: 'none' as const, polling: false }), null],
    ['held by a debugger, its agent answers', () => ({ state: 't', turns: 7, polling: false }), null],
    ['stopped now and then', (s: number) => (s % 20 === 0 ? {} : { state: 'T', agent: 'silent' as const }), null],
    ['healthy', () => ({}), null],
  ])('%s', (_title, look, expected) => {
    expect(watch(look)).toBe(expected)
  })

  it('has no limit of 0', () => {
    expect(watch(() => ({ state: 'T' }), { timeoutMs: 0 })).toBeNull()
  })

  it('counts no time in which it did not run itself', () => {
    const outside = new OutsideWatch({ timeoutMs: 30_000, readyMs: 0 }, 0)
    const at = (atMs: number) => outside.look({ ...HEALTHY, atMs, state: 'T', agent: 'silent' }, EVERY_MS)
    expect([at(1000), at(2000), at(600_000), at(601_000)]).toEqual([null, null, null, null])
  })
})

describe('the first poll or listening port', () => {
  it.each([
    ['never comes', () => ({ ready: false }), { readyMs: 20_000 }, 'not-ready at 20 s, drained'],
    ['has no deadline', () => ({ ready: false }), {}, null],
    ['came once, and that is enough', (s: number) => ({ ready: s === 3 }), { readyMs: 20_000 }, null],
  ])('%s', (_title, look, limits, expected) => {
    expect(watch(look, limits)).toBe(expected)
  })
})
