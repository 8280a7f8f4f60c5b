/**
 * Pools of worker threads or child processes, known by their shape: an object called a pool that has its workers in a
 * collection, each of which leads to a Worker or a ChildProcess of Node's and to a table of the tasks that it was given. So
 * piscina, tinypool and workerpool look alike. A task that no worker was given stands in a queue of the pool's: what it waits
 * for is a free worker, not a message.
 */
import type { PoolMember } from '../../model/await.js'
import type { Tagged } from '../../v8/heap/heap.js'
import { ELEMENTS_OFFSET, type Objects } from '../../v8/objects/objects.js'
import { describeResource, type DescribeContext } from './describe-resource.js'
import { countOf, entriesOf } from './collections.js'
import { grouped, isPoolName, limitOf, type PoolReading } from './pools.js'

const WORKERS = /^[_#]*(?:workers?|threads?|all\w*|(?:ready|pending)Items)$/i
const QUEUE = /^[_#]*(?:\w*queue|tasks|jobs|pending\w*)$/i
const GIVEN = /^[_#]*(?:taskInfos|tasks|processing|running|jobs|pending\w*)$/i
const OF_WORKER = ['worker', '_worker', '#worker', 'thread', '_thread', 'process', '_process']
const LIMITS = ['maxThreads', 'maxWorkers', 'max', 'size', 'poolSize']
/** A worker's own record, the runtime's wrapper in that, and Node's object. */
const MAX_WRAPPED = 3
const MAX_WORKERS = 200
const MAX_TASKS = 5_000
/** Queue, buffer, list. */
const MAX_NESTED = 3
const MAX_BUFFERS = 100

export interface TaskPool {
  readonly workers: readonly PoolWorker[]
  /** Of those who wait, first come first. */
  readonly queued: readonly Tagged[]
  /** The property of the pool that has them: `.taskQueue`. */
  readonly slot: string
  readonly limit: number | null
}

export interface PoolWorker {
  /** The worker's record. */
  readonly object: Tagged
  /** Node's `Worker` or `ChildProcess`. */
  readonly runs: Tagged
  readonly tasks: readonly Tagged[]
}

/** Null for any object that is no such pool. */
export function readTaskPool(objects: Objects, pool: Tagged): TaskPool | null {
  if (!objects.heap.is(pool, 'JS_OBJECT') || !isPoolName(objects.className(pool))) return null
  const workers = workersOf(objects, pool, 1)
  if (workers.length === 0) return null
  let queued: Tagged[] = []
  let slot = ''
  for (const { name, value } of objects.properties(pool)) {
    if (!QUEUE.test(name) || !objects.isObject(value)) continue
    const entries = entriesWithin(objects, value)
    if (slot !== '' && entries.length <= queued.length) continue
    queued = entries
    slot = `.${name}`
  }
  if (slot === '') return null
  return { workers, queued, slot, limit: limitOf(objects, pool, LIMITS) }
}

export function readingOfTaskPool(
  context: DescribeContext,
  pool: Tagged,
  { workers, queued, slot, limit }: TaskPool,
): PoolReading {
  const { objects } = context
  const lent = workers.filter(({ tasks }) => tasks.length > 0)
  return {
    pool,
    owner: `${objects.className(pool)}${slot}`,
    position: null,
    queued: queued.length,
    lent: lent.length,
    idle: workers.length - lent.length,
    size: limit ?? workers.length,
    lends: 'workers',
    members: grouped(lent.map((worker) => memberOf(context, worker))),
    // Who has them is not sought: each is at work for the task that it was given.
    lentMembers: [],
    reread: () => [],
  }
}

function memberOf(context: DescribeContext, { runs }: PoolWorker): PoolMember {
  const described = describeResource(context, runs)
  const tid = described?.kind === 'worker' ? described.tid : undefined
  const what =
    described?.kind === 'worker'
      ? `worker thread ${tid ?? described.threadId ?? ''}`.trimEnd()
      : described?.kind === 'child' && described.pid !== undefined
        ? `child process ${described.pid}`
        : undefined
  return {
    doing: 'busy',
    count: 1,
    ...(what === undefined ? {} : { what }),
    ...(tid === undefined ? {} : { tid }),
  }
}

function workersOf(objects: Objects, owner: Tagged, deeper: number): PoolWorker[] {
  const found: PoolWorker[] = []
  for (const { name, value } of objects.properties(owner)) {
    if (!WORKERS.test(name) || !objects.isObject(value)) continue
    const entries = countOf(objects, value) === null ? [] : entriesOf(objects, value, MAX_WORKERS)
    const listed = entries.flatMap((entry) => workerOf(objects, entry) ?? [])
    if (listed.length > 0) found.push(...listed)
    else if (deeper > 0 && objects.heap.is(value, 'JS_OBJECT')) found.push(...workersOf(objects, value, deeper - 1))
  }
  return found
}

function workerOf(objects: Objects, entry: Tagged): PoolWorker | null {
  let at = entry
  let tasks: Tagged[] = []
  for (let depth = 0; depth <= MAX_WRAPPED && at !== 0; depth++) {
    if (isNodes(objects, at)) return { object: entry, runs: at, tasks }
    tasks = [...tasks, ...givenTo(objects, at)]
    at = objects.getObject(at, OF_WORKER)
  }
  return null
}

function isNodes(objects: Objects, object: Tagged): boolean {
  const name = objects.className(object)
  if (name !== 'Worker' && name !== 'ChildProcess') return false
  return objects.classScript(object)?.startsWith('node:') === true
}

/** In a Map by number, or an object used as one. */
function givenTo(objects: Objects, worker: Tagged): Tagged[] {
  const found: Tagged[] = []
  for (const { name, value } of objects.properties(worker)) {
    if (!GIVEN.test(name) || !objects.isObject(value)) continue
    if (countOf(objects, value) !== null) found.push(...entriesOf(objects, value, MAX_TASKS))
    else found.push(...numbered(objects, value))
  }
  return found
}

/** Entries of an object whose keys are numbers: a table, or as many words as there are keys. */
function numbered(objects: Objects, object: Tagged): Tagged[] {
  const { heap } = objects
  const elements = heap.field(object, ELEMENTS_OFFSET)
  const length = Math.min(heap.arrayLength(elements), MAX_TASKS)
  return Array.from({ length }, (_, i) => heap.element(elements, i)).filter((value) => objects.isObject(value))
}

/** Of a list, of what wraps it, and of a chain of buffers (`head` is the last one, `tail` the first). */
function entriesWithin(objects: Objects, queue: Tagged, nested = MAX_NESTED): Tagged[] {
  if (objects.arrayLength(queue) !== null) return entriesOf(objects, queue, MAX_TASKS)
  if (nested === 0 || !objects.heap.is(queue, 'JS_OBJECT')) return []
  const found: Tagged[] = []
  const seen = new Set<Tagged>()
  let buffer = objects.getObject(queue, ['tail', '_tail'])
  while (buffer !== 0 && !seen.has(buffer) && seen.size < MAX_BUFFERS) {
    seen.add(buffer)
    found.push(...entriesOf(objects, buffer, MAX_TASKS))
    buffer = objects.getObject(buffer, ['next', '_next'])
  }
  if (found.length > 0) return found
  for (const { value } of objects.properties(queue)) {
    if (objects.isObject(value)) found.push(...entriesWithin(objects, value, nested - 1))
  }
  return [...new Set(found)]
}
