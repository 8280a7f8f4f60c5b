/**
 * Pools with members for each host in one object: a table of queues by key, and beside it a table of what there is for the
 * same key, as neo4j's driver has them (`_acquireRequests`, `_pools`; neo4j-driver-core, internal/pool/pool.ts).
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { countOf, entriesOf } from './collections.js'
import { isLentName, isPoolName, isQueueName, readingOf, type PoolReading } from './pools.js'

const MAX_KEYS = 100
const MAX_MEMBERS = 200

/**
 * @param slot the property of `owner` by which the table of queues is held
 * @param queue the one that is stood in
 */
export function readKeyedPool(objects: Objects, owner: Tagged, slot: string, queue: Tagged): PoolReading | null {
  if (!isQueueName(slot) || !isPoolName(objects.className(owner))) return null
  const queued = objects.isObject(queue) ? countOf(objects, queue) : null
  const table = objects.getObject(owner, [slot.slice(1)])
  if (queued === null || table === 0 || countOf(objects, table) !== null) return null
  const key = keyOf(objects, table, queue)
  if (key === null) return null
  for (const { value } of objects.properties(owner)) {
    if (value === table || !isTable(objects, value)) continue
    const members = objects.getObject(value, [key])
    const parts = members === 0 || !isTable(objects, members) ? null : partsOf(objects, members)
    if (parts === null) continue
    const reread = (): PoolReading['lentMembers'] => readKeyedPool(objects, owner, slot, queue)?.lentMembers ?? []
    return { ...readingOf(objects, owner, slot, queued, parts), reread }
  }
  return null
}

function isTable(objects: Objects, object: Tagged): boolean {
  return objects.heap.is(object, 'JS_OBJECT') && countOf(objects, object) === null
}

function keyOf(objects: Objects, table: Tagged, queue: Tagged): string | null {
  for (const { name, value } of objects.properties(table, MAX_KEYS)) if (value === queue) return name
  return null
}

/** What is lent says so by its name; the other collection has those at rest, or all of them. */
function partsOf(objects: Objects, members: Tagged): { idle: Tagged; all: Tagged; lent: Tagged } | null {
  let lent: Tagged = 0
  let rest: Tagged = 0
  for (const { name, value } of objects.properties(members)) {
    if (!objects.isObject(value) || countOf(objects, value) === null) continue
    if (isLentName(name)) lent ||= value
    else rest ||= value
  }
  if (lent === 0 || rest === 0) return null
  const [first] = entriesOf(objects, lent, 1)
  const isAll = first !== undefined && entriesOf(objects, rest, MAX_MEMBERS).includes(first)
  return isAll ? { idle: 0, all: rest, lent } : { idle: rest, all: 0, lent }
}
