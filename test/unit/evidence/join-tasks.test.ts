import { describe, expect, test } from 'vitest'
import { joinTasks } from '../../../src/evidence/join-tasks.js'
import type { TaskInHeap } from '../../../src/model/await.js'
import type { Look, TaskInFlight } from '../../../src/model/evidence.js'
import { frame, look } from '../../support/evidence.js'

const EXECUTE = { function: 'execute', file: '/srv/worker/src/worker.js', line: 8, column: 1 }
const TASK: TaskInFlight = { clock: 'c', taskId: 't1', index: 3, ageMs: 5_000, responseTimeoutMs: null, execute: null }
const USER = frame('query', 31)
const WAIT = { kind: 'socket', summary: 'a socket' } as const
const LIBRARY = frame('executeOneTask', 5, '/srv/worker/node_modules/sdk/index.js')

function heap(over: Partial<TaskInHeap> = {}): TaskInHeap {
  return { taskId: 't1', index: 3, execute: EXECUTE, parked: [USER, LIBRARY], waitsFor: WAIT, ...over }
}

function looks(...sightings: (TaskInHeap | null)[]): Look[] {
  return sightings.map((each, i) =>
    look({
      takenAtMs: i * 2000,
      awaits: {
        engine: 'memory',
        awaits: [],
        roots: [],
        suspended: 0,
        pausedMs: 0,
        notes: [],
        tasks: each === null ? [] : [each],
      },
    }),
  )
}

const joined = (...sightings: (TaskInHeap | null)[]): TaskInFlight | undefined =>
  joinTasks([TASK], looks(...sightings))[0]

describe('a task in flight and what the heap has of it', () => {
  test('gets its execute function and where it is parked', () => {
    expect(joined(heap())).toEqual({
      ...TASK,
      execute: EXECUTE,
      parked: [USER, LIBRARY],
      waitsFor: WAIT,
      collectedInLooks: 0,
    })
  })

  test('keeps the place that an earlier look saw when it was collected since', () => {
    const gone = heap({ parked: [] })
    expect(joined(heap(), gone, gone)).toMatchObject({ parked: [USER, LIBRARY], collectedInLooks: 2 })
  })

  test('counts as collected when only frames of the library are left, which nothing settles', () => {
    const rest = heap({ parked: [LIBRARY], waitsFor: { kind: 'nothing', summary: 'no settler' } })
    expect(joined(heap(), rest)).toMatchObject({ parked: [USER, LIBRARY], collectedInLooks: 1 })
    expect(joined(heap({ parked: [LIBRARY] }))).toMatchObject({ collectedInLooks: 0 })
  })

  test('is not collected when a later look has it again: the look before had missed it', () => {
    expect(joined(heap({ parked: [] }), heap())?.collectedInLooks).toBe(0)
    expect(joined(heap({ parked: [] }), heap({ parked: null }))?.collectedInLooks).toBe(0)
  })

  test('has moved when it is in another place than in the look before, or waits for a timer that was set since', () => {
    const moved = (...sightings: TaskInHeap[]): unknown => joined(...sightings)?.moved
    const timer = (sinceMs: number): TaskInHeap =>
      heap({ waitsFor: { kind: 'timer', summary: 'a timer', sinceMs, dueInMs: 100 } })
    expect(moved(heap(), heap({ parked: [frame('query', 35), LIBRARY] }))).toBe(true)
    expect(moved(timer(10), timer(1))).toBe(true)
    expect(moved(timer(10), timer(60_000))).toBeUndefined()
    expect(moved(heap(), heap())).toBeUndefined()
    // What it did before says nothing: it may hang since.
    expect(moved(heap({ parked: [frame('query', 35), LIBRARY] }), heap(), heap())).toBeUndefined()
    // A look that could not read it tells nothing, and neither does one alone.
    expect(moved(heap(), heap({ parked: null }))).toBeUndefined()
    expect(moved(timer(1))).toBeUndefined()
    // About to go on in one of the two.
    expect(moved(heap({ waitsFor: null }), heap())).toBe(true)
    expect(moved(heap({ waitsFor: null }))).toBe(true)
    expect(moved(heap({ waitsFor: { kind: 'unknown', summary: 'it changed', changed: true } }))).toBe(true)
    expect(moved(heap({ waitsFor: null }), heap(), heap())).toBeUndefined()
  })

  test('is left as it was when the heap has another task in its record, or none', () => {
    expect(joined(heap({ taskId: 't0' }))).toEqual(TASK)
    expect(joined(heap({ index: 4 }))).toEqual(TASK)
    expect(joined(null)).toEqual(TASK)
  })
})
