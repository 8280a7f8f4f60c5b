import { describe, expect, it } from 'vitest'
import { persists } from '../../../src/watch/stall-watch.js'
import { Bench, clock, SETTINGS } from './fake-clocks.js'

const loop = (ageMs: number) =>
  clock({ name: 'event-loop', kind: 'event-loop', ageMs, index: 9, usualIntervalMs: 1000 })

describe('a stall from its first sign to its end', () => {
  it('gives an early look, an incident, then the end, each once', () => {
    const bench = new Bench()
    const acts: string[] = []
    for (let ageMs = 0; ageMs <= 400_000; ageMs += 500) {
      const decision = bench.after(500, clock({ ageMs }))
      if (decision) acts.push(`${ageMs} ${decision.act} ${decision.stall.trigger} ${decision.stall.level}`)
    }
    expect(acts).toEqual([
      '2500 early-look early warn',
      '45000 capture loop-silence warn',
      '300000 end loop-silence stall',
    ])
  })

  it('says which clock, for how long, and shows them all', () => {
    const bench = new Bench()
    const decision = bench.after(500, clock(), clock({ name: 'slow', ageMs: 46_000, index: 1 }))
    expect(decision?.stall).toMatchObject({
      clock: 'slow',
      ageMs: 46_000,
      thresholdMs: 45_000,
      noticedAt: 1_700_001_000_500,
    })
    expect(decision?.stall.clocks.map((each) => each.name)).toEqual(['invoices', 'slow'])
    expect(decision?.stall.clocks[0]).not.toHaveProperty('generation')
  })

  it('never ends the process with the watchdog off', () => {
    const bench = new Bench({ stallTimeoutMs: 0 })
    const acts = [46, 300, 3000].map((s) => bench.after(1000, clock({ ageMs: s * 1000 }))?.act)
    expect(acts).toEqual(['capture', undefined, undefined])
  })

  it('decides the end while a capture is under way, and nothing else', () => {
    const bench = new Bench()
    bench.capturing = true
    expect(bench.after(500, clock({ ageMs: 46_000 }))).toBeNull()
    expect(bench.after(500, clock({ ageMs: 300_000 }))?.act).toBe('end')
  })

  it('begins anew once it beats again', () => {
    const bench = new Bench({ cooldownMs: 0 })
    expect(bench.after(500, clock({ ageMs: 46_000 }))?.act).toBe('capture')
    expect(bench.after(500, clock())).toBeNull()
    expect(bench.after(46_000, clock({ ageMs: 46_000 }))?.act).toBe('capture')
  })

  it('takes a clock that was disposed and opened again for another', () => {
    const bench = new Bench({ cooldownMs: 0 })
    bench.after(500, clock({ ageMs: 46_000 }))
    expect(bench.after(500, clock({ ageMs: 46_000, generation: 3 }))?.act).toBe('capture')
  })
})

describe('one stall, one incident', () => {
  it('covers the pollers that a blocked event loop silences', () => {
    const bench = new Bench()
    expect(bench.after(500, loop(5000), clock({ ageMs: 5000 }))?.stall.trigger).toBe('event-loop')
    expect(bench.after(40_000, loop(45_000), clock({ ageMs: 45_000 }))).toBeNull()
    expect(bench.after(255_000, loop(300_000), clock({ ageMs: 300_000 }))?.act).toBe('end')
  })

  it('covers every poller that was silent already', () => {
    const bench = new Bench()
    const second = (ageMs: number) => clock({ name: 'other', ageMs, index: 1 })
    expect(bench.after(500, clock({ ageMs: 45_000 }), second(40_000))?.act).toBe('capture')
    expect(bench.after(6000, clock({ ageMs: 51_000 }), second(46_000))).toBeNull()
  })

  it('takes another for a poller that fell silent later', () => {
    const bench = new Bench()
    bench.after(500, clock({ ageMs: 45_000 }), clock({ name: 'other', index: 1 }))
    const decision = bench.after(50_000, clock({ ageMs: 95_000 }), clock({ name: 'other', ageMs: 46_000, index: 1 }))
    expect(decision?.stall.clock).toBe('other')
  })

  it('captures a loop that ended at once, and ends the process when its silence is long enough', () => {
    const bench = new Bench()
    expect(bench.after(500, clock({ ended: true, ageMs: 100 }))).toMatchObject({
      act: 'capture',
      stall: { trigger: 'ended' },
    })
    expect(bench.after(100_000, clock({ ended: true, ageMs: 100_000 }))).toBeNull()
    expect(bench.after(200_000, clock({ ended: true, ageMs: 300_000 }))?.act).toBe('end')
  })
})

describe('limits', () => {
  it('cools down, says so once, and captures later what still lasts', () => {
    const bench = new Bench()
    bench.after(500, clock({ ageMs: 46_000 }))
    bench.after(500, clock())
    expect(bench.after(46_000, clock({ ageMs: 46_000 }))).toMatchObject({
      act: 'suppress',
      why: 'cooling down for another 254 s',
    })
    expect(bench.after(1000, clock({ ageMs: 47_000 }))).toBeNull()
    expect(bench.after(253_000, clock({ ageMs: 250_000 }))?.act).toBe('capture')
  })

  it('takes so many an hour and no more, then as the window slides', () => {
    const bench = new Bench({ cooldownMs: 0, maxPerHour: 2 })
    const flap = () => {
      bench.after(1000, clock())
      return bench.after(46_000, clock({ ageMs: 46_000 }))?.act
    }
    expect([flap(), flap(), flap()]).toEqual(['capture', 'capture', 'suppress'])
    bench.after(3_600_000 - 47_000 * 2 + 1, clock())
    expect(bench.after(46_000, clock({ ageMs: 46_000 }))?.act).toBe('capture')
  })

  it('always takes the incident of a stall that ends the process', () => {
    const bench = new Bench({ maxPerHour: 0 })
    expect(bench.after(500, clock({ ageMs: 46_000 }))?.act).toBe('suppress')
    expect(bench.after(254_000, clock({ ageMs: 300_000 }))?.act).toBe('end')
  })

  it('looks early at most four times an hour', () => {
    const bench = new Bench()
    const acts = Array.from({ length: 6 }, () => {
      bench.after(1000, clock())
      return bench.after(3000, clock({ ageMs: 3000 }))?.act
    })
    expect(acts).toEqual([...Array(4).fill('early-look'), undefined, undefined])
  })

  it('counts captures that somebody asked for', () => {
    const bench = new Bench({ maxPerHour: 1 })
    const turn = { nowMs: 1, wallMs: 1, clocks: [], shutdowns: 0, capturing: false, upForMs: 1, anyLoopSeen: true }
    expect(bench.watch.manual('look', turn)).toMatchObject({
      act: 'capture',
      stall: { trigger: 'manual', reason: 'look' },
    })
    expect(bench.watch.manual('again', turn)).toMatchObject({ act: 'suppress' })
  })

  it('gives a capture that somebody asked for the age of the silence, so that its early looks count', () => {
    const bench = new Bench()
    const at = (...clocks: readonly ReturnType<typeof clock>[]) =>
      bench.watch.manual('look', {
        nowMs: 1,
        wallMs: 1,
        clocks,
        shutdowns: 0,
        capturing: false,
        upForMs: 1,
        anyLoopSeen: true,
      }).stall.ageMs
    expect(at(clock())).toBe(0)
    expect(at(clock({ ageMs: 30_000 }))).toBe(30_000)
    // From before the younger one began, a look would call moving what is stuck now.
    expect(at(clock({ ageMs: 30_000 }), clock({ name: 'b', index: 1, ageMs: 9_000 }))).toBe(9_000)
  })
})

describe('a poller that beats and gets no answers', () => {
  const unanswered = (lastSuccessMs: number) => clock({ lastSuccessMs, failuresInRow: 5 })

  it('warns, and leaves the end to the verdict', () => {
    const bench = new Bench()
    expect(bench.after(500, unanswered(200_000))?.act).toBe('capture')
    expect(bench.after(100_000, unanswered(300_000))).toMatchObject({
      act: 'end-if-cured',
      stall: { trigger: 'poll-success' },
    })
  })

  it('is looked at again after the cool-down when a restart was not the cure', () => {
    const bench = new Bench()
    expect(bench.after(500, unanswered(300_000))?.act).toBe('end-if-cured')
    expect(bench.after(200_000, unanswered(500_000))).toBeNull()
    expect(bench.after(100_000, unanswered(600_000))?.act).toBe('end-if-cured')
  })

  it('is no answer still while one of its polls is silent past the warning', () => {
    const bench = new Bench()
    const decision = bench.after(500, unanswered(300_000))
    const silent = clock({ lastSuccessMs: 310_000, failuresInRow: 5, ageMs: 55_000 })
    const found = { clocks: [silent], upForMs: 1, anyLoopSeen: true }
    expect(decision && persists(decision.stall, found, SETTINGS)).toBe(true)
    expect(decision && persists(decision.stall, { ...found, clocks: [clock()] }, SETTINGS)).toBe(false)
  })

  it('is one incident, whatever its polls are doing meanwhile', () => {
    const bench = new Bench({ cooldownMs: 0, pollSuccessTimeoutMs: 0 })
    expect(bench.after(500, unanswered(200_000))?.act).toBe('capture')
    expect(bench.after(30_000, clock({ lastSuccessMs: 230_000, failuresInRow: 5, ageMs: 30_000 }))).toBeNull()
    expect(bench.after(20_000, clock({ lastSuccessMs: 250_000, failuresInRow: 5, ageMs: 50_000 }))?.act).toBe('capture')
    expect(bench.after(10_000, unanswered(260_000))).toBeNull()
  })

  it('waits for a capture under way', () => {
    const bench = new Bench()
    bench.capturing = true
    expect(bench.after(500, unanswered(300_000))).toBeNull()
    bench.capturing = false
    expect(bench.after(500, unanswered(300_500))?.act).toBe('end-if-cured')
  })
})

describe('a worker whose poll loop never begins', () => {
  it('is ended after the start-up time-out, once', () => {
    const bench = new Bench({ startupTimeoutMs: 60_000 })
    bench.anyLoopSeen = false
    expect(bench.after(59_000, loop(0))).toBeNull()
    expect(bench.after(1000, loop(0))).toMatchObject({
      act: 'end',
      stall: { trigger: 'startup', level: 'stall', ageMs: 60_000, thresholdMs: 60_000 },
    })
    expect(bench.after(1000, loop(0))).toBeNull()
  })

  it.each([
    ['one that began and is closed again', { startupTimeoutMs: 60_000 }, true],
    ['no such time-out', {}, false],
    ['the watchdog is off', { startupTimeoutMs: 60_000, stallTimeoutMs: 0 }, false],
  ])('is not: %s', (_title, change, anyLoopSeen) => {
    const bench = new Bench(change)
    bench.anyLoopSeen = anyLoopSeen
    expect(bench.after(90_000, loop(0))).toBeNull()
  })

  it('is spared when the loop begins while the evidence is collected', () => {
    const bench = new Bench({ startupTimeoutMs: 60_000 })
    bench.anyLoopSeen = false
    const stall = bench.after(60_000, loop(0))?.stall
    if (!stall) throw new Error('no stall')
    const at = (anyLoopSeen: boolean) =>
      persists(stall, { clocks: [loop(0)], upForMs: 70_000, anyLoopSeen }, { ...SETTINGS, startupTimeoutMs: 60_000 })
    expect([at(false), at(true)]).toEqual([true, false])
  })
})

describe('an orderly shutdown', () => {
  it('is no stall, however long it takes', () => {
    const bench = new Bench()
    bench.after(500, clock())
    bench.shutdowns = 1
    for (let s = 1; s < 900; s++) expect(bench.after(1000, clock({ ageMs: s * 1000 }))).toBeNull()
  })

  it('is over when the loop goes on for a minute', () => {
    const bench = new Bench()
    bench.shutdowns = 1
    bench.after(500, clock())
    for (let s = 0; s < 62; s++) bench.after(1000, clock())
    expect(bench.after(46_000, clock({ ageMs: 46_000 }))?.act).toBe('capture')
  })

  it('is not taken back by an event loop that merely turns', () => {
    const bench = new Bench()
    bench.shutdowns = 1
    bench.after(500, loop(0), clock())
    expect(bench.after(400_000, loop(0), clock({ ageMs: 400_000 }))).toBeNull()
  })
})

describe('a stall whose clock moved again while it was captured', () => {
  const silent = clock({ ageMs: 46_000 })

  it('does not make the next one of that clock cool down', () => {
    const bench = new Bench()
    const one = bench.after(500, silent)
    expect(one?.act).toBe('capture')
    bench.after(500, clock())
    expect(bench.after(500, silent)?.act).toBe('suppress')
    bench.after(500, clock())
    if (one) bench.watch.movedAgain(one.stall)
    expect(bench.after(500, silent)?.act).toBe('capture')
  })
})

describe('persists', () => {
  const stall = new Bench().after(500, clock({ ageMs: 300_000 }))?.stall

  it.each([
    ['as silent as before', clock({ ageMs: 310_000 }), true],
    ['beating again', clock(), false],
    ['paused', clock({ ageMs: 310_000, paused: true }), false],
    ['another clock', clock({ name: 'other', ageMs: 310_000 }), false],
  ])('%s', (_title, now, expected) => {
    if (!stall) throw new Error('no stall')
    expect(persists(stall, { clocks: [now], upForMs: 1, anyLoopSeen: true }, SETTINGS)).toBe(expected)
  })
})
