import { describe, expect, it } from 'vitest'
import { ClockBoard } from '../../../src/heartbeat/clock-board.js'
import { observeClocks } from '../../../src/heartbeat/clock-observer.js'
import { ClockReader } from '../../../src/heartbeat/clock-reader.js'
import { CLOCK, MAX_CLOCKS, MAX_TASKS } from '../../../src/heartbeat/layout.js'

/** A board, a watch thread's turn at a time of our choice, and a reader on the same memory. */
function bench(onFirst?: () => void) {
  const board = new ClockBoard(onFirst)
  const reader = new ClockReader(board.memory.buffer)
  return {
    board,
    reader,
    turn: (nowMs: number, lostMs = 0) => observeClocks(board.memory, nowMs, lostMs),
    one: (nowMs: number) => {
      const [clock] = reader.observe(nowMs)
      if (!clock) throw new Error('no clock')
      return clock
    },
  }
}

describe('clocks in shared memory', () => {
  it('ages from the turn in which the last beat was seen', () => {
    const { board, turn, one } = bench()
    const clock = board.open('invoices', 'poll-loop')
    turn(1000)
    clock.beat()
    clock.beat()
    turn(1500)
    turn(2000)
    expect(one(4000)).toMatchObject({
      name: 'invoices',
      kind: 'poll-loop',
      ageMs: 2500,
      beats: 2,
      usualIntervalMs: 250,
    })
  })

  it('leaves out the time in which nobody ran', () => {
    const { board, turn, one } = bench()
    board.open('a', 'custom')
    turn(1000)
    turn(61_000, 59_900)
    expect(one(61_000).ageMs).toBe(100)
  })

  it('counts beats across the wrap of a 32-bit counter', () => {
    const { board, turn, one } = bench()
    const clock = board.open('a', 'custom')
    board.memory.clocks[CLOCK.beats] = 0x7fffffff
    turn(0)
    clock.beat()
    clock.beat()
    turn(100)
    expect(one(100)).toMatchObject({ beats: 0x7fffffff + 2, ageMs: 0 })
  })

  it('excuses a declared wait until it is over, and the next beat ends it', () => {
    const { board, turn, one } = bench()
    const clock = board.open('a', 'custom')
    turn(0)
    clock.beat()
    turn(1000)
    clock.expectWait(90_000)
    turn(11_000)
    turn(51_000)
    expect(one(51_000)).toMatchObject({ ageMs: 50_000, quietMs: 10_000, expectedWaitMs: 50_000 })
    expect(one(121_000)).toMatchObject({ ageMs: 120_000, quietMs: 30_000, expectedWaitMs: 0 })
    clock.beat()
    turn(121_000)
    expect(one(122_000)).toMatchObject({ ageMs: 1000, quietMs: 1000, expectedWaitMs: 0 })
  })

  it('tells how long a poll is in flight, also when others came and went between two turns', () => {
    const { board, turn, one } = bench()
    const clock = board.open('a', 'poll-loop')
    turn(0)
    expect(one(0).inFlightMs).toBeNull()
    clock.pollStarted()
    turn(100)
    turn(5100)
    expect(one(5100).inFlightMs).toBe(5000)
    clock.pollAnswered()
    clock.pollStarted()
    turn(5200)
    expect(one(5300).inFlightMs).toBe(100)
    clock.pollAnswered()
    turn(5400)
    expect(one(5400).inFlightMs).toBeNull()
  })

  it('keeps the time of the last answer, and counts failures since', () => {
    const { board, turn, one } = bench()
    const clock = board.open('a', 'poll-loop')
    turn(0)
    expect(one(0).lastSuccessMs).toBeNull()
    clock.pollStarted()
    clock.pollAnswered()
    turn(100)
    clock.pollStarted()
    clock.pollFailed()
    clock.pollStarted()
    clock.pollFailed()
    turn(3100)
    expect(one(3100)).toMatchObject({ lastSuccessMs: 3000, failuresInRow: 2, inFlightMs: null })
    clock.progressed()
    turn(3200)
    expect(one(3200)).toMatchObject({ lastSuccessMs: 0, failuresInRow: 0 })
  })

  it('starts anew when a paused clock resumes', () => {
    const { board, turn, one } = bench()
    const clock = board.open('a', 'poll-loop')
    turn(0)
    clock.pause()
    turn(1000)
    turn(50_000)
    expect(one(50_000)).toMatchObject({ paused: true, ageMs: 0 })
    clock.resume()
    turn(50_500)
    expect(one(52_000)).toMatchObject({ paused: false, ageMs: 2000 })
  })

  it('reuses the record of a disposed clock without mixing the two up', () => {
    const { board, reader, turn, one } = bench()
    const old = board.open('a', 'custom')
    turn(0)
    old.dispose()
    old.dispose()
    turn(100)
    expect(reader.observe(100)).toEqual([])
    const fresh = board.open('a', 'custom')
    old.beat()
    old.pause()
    turn(5000)
    expect(one(5000)).toMatchObject({ name: 'a', beats: 0, paused: false, ageMs: 0 })
    fresh.beat()
    turn(5100)
    expect(one(5100).beats).toBe(1)
  })

  it('numbers clocks of one name', () => {
    const { board, reader, turn } = bench()
    board.open('a', 'custom')
    board.open('a', 'custom')
    turn(0)
    expect(reader.read(0).map((clock) => clock.name)).toEqual(['a', 'a#2'])
  })

  it('hands out a dummy when there is no room, and says how many', () => {
    const { board, reader, turn } = bench()
    for (let i = 0; i < MAX_CLOCKS + 2; i++) board.open(`clock ${i}`, 'custom').beat()
    turn(0)
    expect(reader.observe(0)).toHaveLength(MAX_CLOCKS)
    expect(reader.dropped).toEqual({ clocks: 2, tasks: 0 })
  })

  it('calls back at the first clock only, and not for the event loop', () => {
    let calls = 0
    const { board } = bench(() => calls++)
    board.open('event-loop', 'event-loop')
    expect(calls).toBe(0)
    board.open('a', 'custom')
    board.open('b', 'custom')
    expect(calls).toBe(1)
  })

  it('cuts a long name at a character', () => {
    const { board, turn, one } = bench()
    board.open('é'.repeat(100), 'custom')
    turn(0)
    expect(one(0).name).toBe('é'.repeat(64))
  })
})

describe('tasks in flight', () => {
  it('keeps each reachable with its promise and its function until it ends', () => {
    const { board, reader, turn } = bench()
    const clock = board.open('a', 'poll-loop')
    const execute = async (): Promise<void> => {}
    const task = clock.taskStarted('t-1', { responseTimeoutMs: 3_600_000, execute })
    task.promise = execute()
    turn(1000)
    turn(3000)
    expect(board.tasks).toContain(task)
    expect(reader.readTasks(3000)).toEqual([
      { clock: 'a', taskId: 't-1', ageMs: 2000, responseTimeoutMs: 3_600_000, index: 0, execute: null },
    ])
    clock.taskEnded(task)
    clock.taskEnded(task)
    expect(board.tasks).not.toContain(task)
    expect(reader.readTasks(3000)).toEqual([])
  })

  it('ages a task from its last update, and gives the oldest and the youngest', () => {
    const { board, turn, one, reader } = bench()
    const clock = board.open('a', 'poll-loop')
    clock.setSlots(2, 2)
    const first = clock.taskStarted('first', { responseTimeoutMs: 1000 })
    turn(0)
    clock.taskStarted('second', { responseTimeoutMs: 2000 })
    turn(5000)
    expect(one(8000)).toMatchObject({
      slotsInUse: 2,
      slots: 2,
      oldestTaskMs: 8000,
      youngestTaskMs: 3000,
      responseTimeoutMs: 1000,
    })
    clock.taskUpdated(first)
    turn(9000)
    expect(reader.readTasks(9000).map((task) => [task.taskId, task.ageMs])).toEqual([
      ['second', 4000],
      ['first', 0],
    ])
  })

  it('does without a record when there is no room', () => {
    const { board, reader } = bench()
    const clock = board.open('a', 'poll-loop')
    for (let i = 0; i < MAX_TASKS; i++) clock.taskStarted(`t${i}`)
    const last = clock.taskStarted('one too many')
    expect(last.index).toBe(-1)
    clock.taskEnded(last)
    expect(reader.dropped).toEqual({ clocks: 0, tasks: 1 })
  })
})

describe('pollers that ended', () => {
  it('keep what they rejected with', () => {
    const { board, reader, turn, one } = bench()
    const clock = board.open('a', 'poll-loop')
    clock.ended(new TypeError('no such queue'))
    clock.ended(new Error('later'))
    turn(0)
    expect(one(0).ended).toBe(true)
    expect(reader.readEnded()).toEqual([
      expect.objectContaining({
        clock: 'a',
        cause: 'exception',
        errorName: 'TypeError',
        errorMessage: 'no such queue',
      }),
    ])
  })

  it('survive errors that are hostile or huge', () => {
    const { board, reader } = bench()
    const hostile = new Error('x')
    Object.defineProperty(hostile, 'message', {
      get() {
        throw new Error('no')
      },
    })
    board.open('a', 'poll-loop').ended(hostile)
    const huge = new Error('\u0000'.repeat(100_000))
    huge.stack = '\u{1F600}\n'.repeat(100_000)
    board.open('b', 'poll-loop').ended(huge)
    board.open('c', 'poll-loop').ended(undefined)
    expect(reader.readEnded().map((ended) => [ended.clock, ended.errorName, typeof ended.errorMessage])).toEqual([
      ['a', null, 'string'],
      ['b', 'Error', 'string'],
      ['c', null, 'object'],
    ])
  })
})

describe('what a process left unfinished', () => {
  it('is every endless clock that is neither disposed nor paused', () => {
    const { board } = bench()
    board.open('poller', 'poll-loop')
    board.open('finite', 'custom')
    board.open('endless', 'custom', { endless: true })
    board.open('paused', 'poll-loop').pause()
    board.open('disposed', 'poll-loop').dispose()
    expect(board.unfinished().map((clock) => clock.name)).toEqual(['poller', 'endless'])
  })
})
