/**
 * Tasks in flight, as the agent keeps them on the main thread: objects of its class StallAgentTask
 * (heartbeat/task-in-flight.ts), found in the same pass over the heap as everything else. Each leads to the function
 * that executes it and, by its promise, to the functions that are suspended on its behalf, if any are left.
 *
 * A task that has ended lies in the heap until it is collected, beside those in flight: its promise is settled. So is that of
 * a task in flight whose function has ended without giving the slot back; the clocks tell the two apart.
 */
import type { SuspendedFunction } from '../../model/await-grouping.js'
import type { TaskInHeap, WaitFacts } from '../../model/await.js'
import type { Frame } from '../../model/frame.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { taskOf } from '../stores/identify-work.js'
import type { AwaitScan } from './await-scan.js'
import { EVENT_CLASS } from './collected-events.js'
import { definitionOf } from './definition.js'
import { ownerBelow } from './suspended.js'

const TASK_CLASS = 'StallAgentTask'
/** Whose objects the scan is to collect for `readTasks` and `collectedEvents`. */
export const TASK_CLASSES: ReadonlySet<string> = new Set([TASK_CLASS, EVENT_CLASS])
/** More than the agent has records for: the rest are remains of ended ones. */
const MAX_TASKS = 4_096
const MAX_TASK_ID = 200
const MAX_DEPTH = 100

/** @param found the suspended functions of the scan, in its order, with what they wait for */
export function readTasks(
  objects: Objects,
  scan: AwaitScan,
  awaiters: readonly (readonly number[])[],
  found: readonly SuspendedFunction[],
): TaskInHeap<WaitFacts>[] {
  const { heap } = objects
  const tasks: TaskInHeap<WaitFacts>[] = []
  const settled: TaskInHeap<WaitFacts>[] = []
  let awaitedBy: ReadonlyMap<number, number> | null = null
  for (const object of scan.others) {
    if (tasks.length >= MAX_TASKS) break
    if (!heap.is(object, 'JS_OBJECT') || objects.className(object) !== TASK_CLASS) continue
    const taskId = objects.getText(object, ['taskId'], MAX_TASK_ID)
    const index = objects.getNumber(object, ['index'])
    if (taskId === null || index === null || index < 0) continue
    const promise = objects.getObject(object, ['promise'])
    const pending = promise !== 0 && scan.links.isPending(promise)
    if (promise !== 0 && !pending) {
      const execute = definitionOf(objects, objects.get(object, 'execute') ?? 0)
      if (settled.length < MAX_TASKS)
        settled.push({ taskId, index, execute, parked: null, waitsFor: null, settled: true })
      continue
    }
    const outermost = ownerBelow(scan.suspended, promise)
    awaitedBy ??= innerOf(awaiters)
    const chain = pending && outermost !== undefined ? chainFrom(outermost, awaitedBy, found) : []
    const innermost = chain[0]
    tasks.push({
      taskId,
      index,
      execute: definitionOf(objects, objects.get(object, 'execute') ?? 0),
      parked: chain.length > 0 || (pending && isLeftAlone(scan, promise)) ? chain.map(frameOf) : null,
      waitsFor: innermost?.waitsFor ?? null,
      ...withTask(objects, object),
    })
  }
  return [...tasks, ...settled.slice(0, MAX_TASKS - tasks.length)]
}

/**
 * Nothing is there that would settle it. An async function that ended with `return promise` is not suspended any more, and that
 * promise may well be settled by something else than a function.
 */
function isLeftAlone({ suspended, cost }: AwaitScan, promise: Tagged): boolean {
  if (suspended.moving.has(promise)) return false
  return cost.complete && (suspended.sources.get(promise) ?? []).length === 0
}

/** What the server said of it: its type and its workflow. */
function withTask(objects: Objects, object: Tagged): Pick<TaskInHeap, 'work'> {
  const task = taskOf(objects, objects.get(object, 'task') ?? 0)
  return task === null ? {} : { work: { task } }
}

/** For each function the first one that it awaits. */
function innerOf(awaiters: readonly (readonly number[])[]): ReadonlyMap<number, number> {
  const inner = new Map<number, number>()
  for (const [i, list] of awaiters.entries()) for (const outer of list) if (!inner.has(outer)) inner.set(outer, i)
  return inner
}

/** Innermost first. Nothing when what is there are remains in freed memory. */
function chainFrom(
  outermost: number,
  inner: ReadonlyMap<number, number>,
  found: readonly SuspendedFunction[],
): SuspendedFunction[] {
  const chain: SuspendedFunction[] = []
  const seen = new Set<number>()
  for (let i: number | undefined = outermost; i !== undefined && !seen.has(i) && chain.length < MAX_DEPTH;) {
    seen.add(i)
    const one: SuspendedFunction | undefined = found[i]
    if (one !== undefined) chain.unshift(one)
    i = inner.get(i)
  }
  return chain[0]?.doubtful === true ? [] : chain
}

function frameOf(one: SuspendedFunction): Frame {
  return {
    function: one.function,
    file: one.file,
    line: one.line,
    column: one.column,
    tier: null,
    async: true,
    native: false,
  }
}
