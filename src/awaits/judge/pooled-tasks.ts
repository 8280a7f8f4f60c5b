/**
 * A task for a pool of worker threads: it stands in the pool's queue and waits for a free worker, or a worker was given it and
 * owes the answer. The way to its promise leads through the pool or not, by the listener that is met first. So what stands in
 * the queue, or was given out, is compared with all that the search has met.
 */
import type { PoolFacts } from '../../model/await.js'
import type { WaitOf } from '../../model/wait.js'
import type { Tagged } from '../../v8/heap/heap.js'
import { isPoolName } from '../resources/pools.js'
import { readTaskPool, readingOfTaskPool } from '../resources/thread-pools.js'
import { objectOf, type Finding } from '../search/wait-search.js'
import type { JudgeContext } from './judge-context.js'

const MAX_POOLS = 8
/** performance.now() when a worker was given it (piscina, tinypool). */
const GIVEN_AT = ['started']

/** Null when it stands in no such queue. */
export function queuedTask(context: JudgeContext, finding: Finding): WaitOf<'pool'> | null {
  const met = metOn(finding)
  for (const pool of poolsOn(context, met)) {
    const reading = readTaskPool(context.objects, pool)
    if (reading?.queued.some((task) => met.has(task)) !== true) continue
    const { pool: _, lentMembers: __, reread: ___, ...facts } = readingOfTaskPool(context.describe, pool, reading)
    return { kind: 'pool', owner: facts.owner, pool: facts satisfies PoolFacts }
  }
  return null
}

/** Since when a worker has the task, ms; null when that is not kept with it. */
export function givenSinceMs(context: JudgeContext, finding: Finding): number | null {
  const { uptimeMs } = context.describe
  if (uptimeMs === null) return null
  const met = metOn(finding)
  for (const pool of poolsOn(context, met)) {
    const tasks = readTaskPool(context.objects, pool)?.workers.flatMap((worker) => worker.tasks) ?? []
    const task = tasks.find((each) => met.has(each))
    if (task === undefined) continue
    const atMs = context.objects.getNumber(task, GIVEN_AT)
    return atMs === null || atMs <= 0 || atMs > uptimeMs ? null : Math.round(uptimeMs - atMs)
  }
  return null
}

function metOn(finding: Finding): ReadonlySet<Tagged> {
  return new Set([...finding.steps.keys()].map(objectOf))
}

/** Pools among what was met, and those that are `this` of what was. */
function poolsOn({ objects, scopes }: JudgeContext, met: ReadonlySet<Tagged>): ReadonlySet<Tagged> {
  const pools = new Set<Tagged>()
  for (const object of met) {
    if (pools.size >= MAX_POOLS) break
    const { heap } = objects
    if (heap.is(object, 'JS_OBJECT')) {
      if (isPoolName(objects.className(object))) pools.add(object)
    } else if (heap.isContext(object) && !scopes.isLongLived(heap.typeOf(object))) {
      for (const [slot, name] of scopes.variables(object)) {
        if (name !== 'this') continue
        const value = scopes.unwrapCell(heap.contextSlot(object, slot))
        if (heap.is(value, 'JS_OBJECT') && isPoolName(objects.className(value))) pools.add(value)
      }
    }
  }
  return pools
}
