/** A function that wakes and waits again: in the same call, in another one, or hidden by a collection between the looks. */
import { describe, expect, test } from 'vitest'
import { clearerInMs, diagnose } from '../../../src/diagnose/diagnose.js'
import type { AwaitNode } from '../../../src/model/await.js'
import type { Look } from '../../../src/model/evidence.js'
import { awaitNode, evidence, frame, idleMain, loopState } from '../../support/evidence.js'

/** A look at one function with a timer of 40 ms that somebody waits for. */
function look(
  call: number,
  collections: number,
  {
    inside = true,
    promise,
    settles = false,
  }: { readonly inside?: boolean; readonly promise?: number; readonly settles?: boolean } = {},
): Partial<Look> {
  const timer = { kind: 'timer' as const, afterMs: 40, sinceMs: 10, dueInMs: 30, summary: 'timer of 40 ms' }
  const parts = settles
    ? [{ name: 'Timeout', slot: '._onTimeout', role: 'object' as const }]
    : [{ name: 'check()', slot: '', role: 'function' as const }]
  const node = awaitNode('untilThere', 4, promise === undefined ? timer : { ...timer, parts }, {
    awaitedBy: inside ? [frame('looking', 9)] : [],
    calls: [call],
    ...(promise === undefined ? {} : { promise }),
  })
  const caller = awaitNode('looking', 9, { kind: 'await', summary: 'another suspended function' }, { column: 5 })
  return {
    threads: [idleMain()],
    awaits: {
      engine: 'memory',
      awaits: inside ? [node, caller] : [node],
      roots: [],
      suspended: 1,
      pausedMs: 0,
      notes: [],
      collections,
    },
  }
}

/** One that came while that function ran: only who waits for its end is suspended. */
function whileItRan(collections: number): Partial<Look> {
  const end = { kind: 'await' as const, until: 'end' as const, by: null, summary: 'the end of a suspended function' }
  const seen = look(1, collections)
  return seen.awaits == null
    ? seen
    : { ...seen, awaits: { ...seen.awaits, awaits: [awaitNode('looking', 9, end, { column: 5 })] } }
}

const top = (looks: readonly Partial<Look>[]) => {
  const [verdict] = diagnose(evidence(looks))
  return { kind: verdict?.kind, summary: verdict?.summary ?? '' }
}

describe('a function that wakes and waits again', () => {
  test('in the same call proves nothing, in another one proves progress', () => {
    expect(top([look(1, 5), look(1, 5)]).summary).toContain('Again and again untilThere')
    expect(top([look(1, 5), look(2, 5)]).kind).toBe('beating')
  })

  test('makes events of its own, which prove nothing either', () => {
    const having = (events: number): Partial<Look> => ({
      ...look(1, 5),
      threads: [idleMain({ loop: loopState({ polling: true, events, turns: events, asyncIds: events }) })],
    })
    expect(top([having(10), having(900)])).toMatchObject({ kind: 'idle' })
  })

  test('across a collection proves nothing either way, and a further look is asked for when it is due', () => {
    for (const now of [look(1, 6), look(2, 6)]) {
      const { kind, summary } = top([look(1, 5), now])
      expect(kind).toBe('idle')
      expect(summary).toContain("whether in the same call can't be told, because garbage was collected")
      expect(summary).not.toContain('has not moved')
      expect(clearerInMs(evidence([look(1, 5), now]))).toBe(30)
    }
  })

  test('is told by a further look before the next collection', () => {
    const same = [look(1, 5), look(2, 6), look(2, 6)]
    expect(top(same).summary).toContain('Again and again untilThere')
    const other = [look(1, 5), look(2, 6), look(3, 6)]
    expect(top(other).kind).toBe('beating')
    expect([same, other].map((looks) => clearerInMs(evidence(looks)))).toEqual([null, null])
  })

  test('for which nobody waits is a loop of its own, which gets on whatever was collected', () => {
    expect(top([look(1, 5, { inside: false }), look(2, 6, { inside: false })]).kind).toBe('beating')
  })

  test('gets on only where it awaits another promise than before, whatever timer was set meanwhile', () => {
    const alone = (promise: number, collections = 5): Partial<Look> => look(1, collections, { inside: false, promise })
    expect(top([alone(7), alone(7)])).toMatchObject({ kind: 'awaiting' })
    expect(top([alone(7), alone(7)]).summary).toContain('a timer of 40 ms looks for again and again')
    expect(top([alone(7), alone(8)]).kind).toBe('beating')
    // After a collection the same promise may have another number.
    expect(top([alone(7), alone(8, 6)]).summary).toContain("can't be told, because garbage was collected")
    expect(clearerInMs(evidence([alone(7), alone(8, 6)]))).toBe(30)
  })

  test('by a timer that settles the promise itself looks for nothing: that was set while the earlier look was taken', () => {
    const direct = (promise: number): Partial<Look> => look(promise, 5, { inside: false, promise, settles: true })
    const { kind, summary } = top([direct(7), direct(7)])
    expect(kind).not.toBe('awaiting')
    expect(summary).not.toContain('again and again')
  })

  test('upon which a look came while it ran has neither gone nor come, and a further look tells', () => {
    for (const looks of [
      [whileItRan(5), look(1, 5)],
      [look(1, 5), whileItRan(5)],
    ]) {
      const { kind, summary } = top(looks)
      expect(kind).toBe('idle')
      expect(summary).toContain("whether in the same call can't be told, because a look came while it ran")
      expect(clearerInMs(evidence(looks))).toBe(30)
      expect(top([...looks, look(1, 5)]).summary).toContain('Again and again untilThere')
    }
    expect(top([look(1, 5), whileItRan(5), look(2, 5)]).kind).toBe('beating')
    expect(top([whileItRan(5), look(1, 5), look(2, 5)]).kind).toBe('beating')
  })

  test('is over where nobody waits for its end any more', () => {
    const { awaits, ...rest } = look(1, 5)
    const over = awaits == null ? rest : { ...rest, awaits: { ...awaits, awaits: [] } }
    expect(top([look(1, 5), over]).kind).toBe('beating')
    // Unless garbage was collected while that was read: then it may have been missed.
    const missed = awaits == null ? rest : { ...rest, awaits: { ...awaits, awaits: [], unsettled: true } }
    expect(top([look(1, 5), missed]).kind).toBe('idle')
  })
})

describe('a function that was being resumed in the first look', () => {
  function having(waitsFor: AwaitNode['waitsFor'], collections: number): Partial<Look> {
    const { awaits, ...rest } = look(1, collections)
    if (awaits == null) return rest
    const [node, ...others] = awaits.awaits
    return { ...rest, awaits: { ...awaits, awaits: node === undefined ? [] : [{ ...node, waitsFor }, ...others] } }
  }
  const kinds = (looks: readonly Partial<Look>[]) => diagnose(evidence(looks)).map(({ kind }) => kind)
  const unknown = { kind: 'unknown' as const, why: 'no-settler' as const, summary: 'no settler found' }

  test('is no proof where the search for what it waits for now was not proved', () => {
    const unproved = { ...unknown, unproved: 'search-not-proved' as const }
    expect(kinds([having(null, 5), having(unproved, 6)])).not.toContain('beating')
  })

  test('has gone on where that search was', () => {
    expect(kinds([having(null, 5), having(unknown, 6)])).toContain('beating')
  })
})

describe('a function that awaits itself without an end', () => {
  /** So many of its calls wait, of which the innermost woke and waits again. */
  function recursion(depth: number, collections: number): Partial<Look> {
    const { awaits, ...rest } = look(1, collections)
    if (awaits == null) return rest
    const [innermost] = awaits.awaits
    const awaitedBy = Array.from({ length: depth }, () => frame('untilThere', 4))
    return {
      ...rest,
      awaits: { ...awaits, suspended: depth, awaits: innermost === undefined ? [] : [{ ...innermost, awaitedBy }] },
    }
  }

  test('is told whether or not garbage was collected between the looks', () => {
    for (const collections of [5, 6]) {
      const { summary } = top([recursion(300, 5), recursion(320, collections)])
      expect(summary).toContain('untilThere (worker.js:4) inside untilThere again and again, 20 more')
      expect(summary).not.toContain("can't be told")
    }
  })

  test('is not told of one that grows no more, nor of one that is not deep', () => {
    for (const looks of [
      [recursion(300, 5), recursion(300, 6)],
      [recursion(3, 5), recursion(9, 6)],
    ]) {
      expect(top(looks).summary).not.toContain('again and again')
    }
  })
})

describe("a package's own loop that wakes by a timer", () => {
  const PACKAGE = '/srv/worker/node_modules/poller/index.js'
  const tree = { engine: 'memory' as const, roots: [], suspended: 2, pausedMs: 0, notes: [], collections: 5 }
  const timer = { kind: 'timer' as const, afterMs: 500, sinceMs: 100, dueInMs: 400, summary: 'timer of 500 ms' }
  const ofPackage = awaitNode('tick', 4, timer, { file: PACKAGE, looks: 2, calls: [1] })
  const looking = (...awaits: readonly ReturnType<typeof awaitNode>[]): Partial<Look> => ({
    threads: [idleMain()],
    awaits: { ...tree, awaits },
  })
  const beats = (...awaits: readonly ReturnType<typeof awaitNode>[]): boolean =>
    diagnose(evidence([looking(...awaits), looking(...awaits)])).some(({ kind }) => kind === 'beating')
  const reply = { kind: 'unknown' as const, why: 'held' as const, summary: 'held by a table' }

  test('is no progress of what the application awaits, and stands', () => {
    expect(beats(ofPackage, awaitNode('ship', 9, reply, { looks: 2, seenMs: 2_000 }))).toBe(false)
  })

  test('is progress where nothing of the application stands, or that waits for work', () => {
    expect(beats(ofPackage)).toBe(true)
    const blocking = { kind: 'socket' as const, blocking: 'brpop', summary: 'brpop' }
    expect(beats(ofPackage, awaitNode('work', 9, blocking, { looks: 2, seenMs: 2_000 }))).toBe(true)
  })

  test('is no less than a loop of the application beside what stands', () => {
    const own = awaitNode('report', 14, timer, { looks: 2, calls: [2] })
    expect(beats(ofPackage, own, awaitNode('ship', 9, reply, { looks: 2, seenMs: 2_000 }))).toBe(true)
  })

  test('turns in place where somebody waits for what it is to settle', () => {
    const by = { function: 'tick', file: PACKAGE, line: 4, column: 3 }
    const stop = awaitNode(
      'stop',
      9,
      { ...timer, through: [by] },
      { looks: 2, awaitedBy: [frame('drain', 12)], calls: [3] },
    )
    expect(top([looking(ofPackage, stop), looking(ofPackage, stop)]).summary).toContain('Again and again stop')
  })
})
