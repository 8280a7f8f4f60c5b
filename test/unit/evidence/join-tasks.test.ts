import { describe, expect, test } from 'vitest'
import { joinTasks } from '../../../src/evidence/join-tasks.js'
import type { TaskInHeap } from '../../../src/model/await.js'
import type { Look, TaskInFlight } from '../../../src/model/evidence.js'
import { frame, look } from '../../support/evidence.js'

const EXECUTE = { function: 'execute', file: '/srv/worker/src/worker.js', line: 8, column: 1 }
const TASK: TaskInFlight = { clock: 'c', taskId: 't1', index: 3, ageMs: 5_000, responseTimeoutMs: null, execute: null }
const USER = frame('query', 31)
const LIBRARY = frame('executeOneTask', 5, '/srv/worker/node_modules/sdk/index.js')

function heap(over: Partial<TaskInHeap> = {}): TaskInHeap {
  return { taskId: 't1', index: 3, execute: EXECUTE, parked: [USER, LIBRARY], waitsFor: null, ...over }
}

function looks(...sightings: (TaskInHeap | null)[]): Look[] {
  return sightings.map((each) =>
    look({
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
    expect(joined(heap())).toEqual({ ...TASK, execute: EXECUTE, parked: [USER, LIBRARY], collectedInLooks: 0 })
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

  test('is left as it was when the heap has another task in its record, or none', () => {
    expect(joined(heap({ taskId: 't0' }))).toEqual(TASK)
    expect(joined(heap({ index: 4 }))).toEqual(TASK)
    expect(joined(null)).toEqual(TASK)
  })
})
