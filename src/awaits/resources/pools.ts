/**
 * Pools of connections, known by their shape: an object with a queue of those who wait, a collection of members that are
 * idle, and one of all or of those given out. So pg-pool, mysql2, mariadb, tarn (knex), generic-pool, sequelize-pool and
 * MongoDB's driver look alike, and a pool of one's own does too. Node's http.Agent has its own fields (lib/_http_agent.js).
 */
import type { PoolFacts, PoolMember } from '../../model/await.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { countOf, entriesOf } from './collections.js'

const POOL = /pool/i
const QUEUE = /pend|wait|queue|request|acquir/i
const IDLE = /^[_#[]*k?(?:idle|free|avail)/i
const LENT = /lent|used|in_?use|busy|borrow|checked_?out|loan|leas|acquired|active/i
const ALL = /^[_#[]*k?(?:all|clients?|connections?|conns|members|resources|objects)(?:\]|$|[A-Z_])/i
const LIMITS = ['max', 'maxSize', '_maxSize', 'connectionLimit', 'maxPoolSize', 'poolSize', 'limit', '#max']
const SETTINGS = [
  '_factory',
  'options',
  '_options',
  '#options',
  'config',
  '_config',
  '#config',
  'opts',
  '_opts',
  '#opts',
]
const ACTIVITY = /^[_#]?(?:active|current)(?:Query|Command|Request|Operation|Job)$|^[_#]?command$/
/** Of what a pool lends, and of what libraries make of that for who asked: knex, sequelize, typeorm, mysql2's promises. */
const INSIDE = [
  'obj',
  'pooledResource',
  'resource',
  'connection',
  'client',
  'conn',
  '_connection',
  '_client',
  'raw',
  'databaseConnection',
]
/** A loan in a package's wrapper. */
const MAX_WRAPPED = 2
const MAX_MEMBERS = 200

export interface LentMember {
  readonly object: Tagged
  readonly facts: PoolMember
}

export interface PoolReading extends PoolFacts {
  /** The pool itself. */
  readonly pool: Tagged
  /** The members that are lent, for a search of who holds them. */
  readonly lentMembers: readonly LentMember[]
  /** What leads to the members for the pool's own sake, beside itself. */
  readonly ownedBy?: readonly Tagged[]
  /** The same at a later time; memory is to be flushed before. */
  readonly reread: () => readonly LentMember[]
}

/** @param slot the property of `owner` by which the queue is held: `._pendingQueue` */
export function readPool(objects: Objects, owner: Tagged, slot: string, queued: number | null): PoolReading | null {
  if (!objects.heap.is(owner, 'JS_OBJECT') || !QUEUE.test(slot)) return null
  const name = objects.className(owner) || 'a pool'
  let idle: Tagged = 0
  let all: Tagged = 0
  let lent: Tagged = 0
  for (const { name: property, value } of objects.properties(owner)) {
    if (!objects.isObject(value) || countOf(objects, value) === null) continue
    if (IDLE.test(property)) idle ||= value
    else if (QUEUE.test(property) && !/acquired/i.test(property)) continue
    else if (LENT.test(property)) lent = fuller(objects, lent, value)
    else if (ALL.test(property)) all ||= value
  }
  const named = POOL.test(name)
  if (idle === 0 && !(named && lent !== 0 && all !== 0)) return null
  if (!named && all === 0 && lent === 0) return null
  return readingOf(objects, owner, slot, queued, { idle, all, lent })
}

export function isPoolName(name: string): boolean {
  return POOL.test(name)
}

export function isQueueName(slot: string): boolean {
  return QUEUE.test(slot)
}

export function isLentName(property: string): boolean {
  return LENT.test(property)
}

/** @param parts collections of the members that rest, of all and of those given out; 0 without one */
export function readingOf(
  objects: Objects,
  owner: Tagged,
  slot: string,
  queued: number | null,
  parts: { readonly idle: Tagged; readonly all: Tagged; readonly lent: Tagged },
): PoolReading {
  const count = (part: Tagged): number | null => (part === 0 ? null : countOf(objects, part))
  const total = count(parts.all)
  let idle = count(parts.idle)
  let lent = count(parts.lent)
  if (idle === null && total !== null && lent !== null) idle = total >= lent ? total - lent : total
  if (lent === null && total !== null && idle !== null) lent = Math.max(0, total - idle)
  const resting = new Set(entriesOf(objects, parts.idle, MAX_MEMBERS).flatMap((entry) => insideOf(objects, entry)))
  const given =
    parts.lent === 0
      ? entriesOf(objects, parts.all, MAX_MEMBERS).filter((entry) => !resting.has(entry))
      : entriesOf(objects, parts.lent, MAX_MEMBERS)
  const members = given.map((object) => ({ object, facts: { doing: activityOf(objects, object), count: 1 } }))
  return {
    pool: owner,
    owner: `${objects.className(owner) || 'a pool'}${slot}`,
    position: null,
    queued,
    lent,
    idle,
    size: limitOf(objects, owner) ?? total,
    members: grouped(members.map(({ facts }) => facts)),
    lentMembers: members,
    reread: () => readPool(objects, owner, slot, queued)?.lentMembers ?? [],
  }
}

/** Of several collections that may be the lent ones: those that are only being checked are few or none. */
function fuller(objects: Objects, one: Tagged, other: Tagged): Tagged {
  if (one === 0) return other
  return (countOf(objects, other) ?? 0) > (countOf(objects, one) ?? 0) ? other : one
}

/** Of a pool, or of its settings. */
export function limitOf(objects: Objects, owner: Tagged, names: readonly string[] = LIMITS): number | null {
  const own = objects.getNumber(owner, names)
  if (own !== null) return own
  const settings = objects.getObject(owner, SETTINGS)
  return settings === 0 ? null : objects.getNumber(settings, names)
}

/** An entry and what it wraps: pools keep their members in objects of their own, and those in loans. */
export function insideOf(objects: Objects, entry: Tagged): Tagged[] {
  const found = new Set([entry])
  let front = [entry]
  for (let depth = 0; depth < MAX_WRAPPED; depth++) {
    const next: Tagged[] = []
    for (const object of front) {
      for (const name of INSIDE) {
        const inner = objects.getObject(object, [name])
        // What is wrapped twice is one object: members may also be within each other, in a ring.
        if (inner === 0 || found.has(inner)) continue
        found.add(inner)
        next.push(inner)
      }
    }
    front = next
  }
  return [...found]
}

/** Whether a client runs a command, by its own field for it. */
function activityOf(objects: Objects, member: Tagged): PoolMember['doing'] {
  for (const object of insideOf(objects, member)) {
    for (const { name, value } of objects.properties(object)) {
      if (!ACTIVITY.test(name)) continue
      const nothing = objects.oddball(value)
      if (nothing === 'null' || nothing === 'undefined') return 'nothing'
      if (objects.isObject(value)) return 'busy'
    }
  }
  return 'unknown'
}

export function grouped(members: readonly PoolMember[]): PoolMember[] {
  const groups = new Map<string, PoolMember>()
  for (const member of members) {
    const { count: _, ...alike } = member
    const key = JSON.stringify(alike)
    const known = groups.get(key)
    groups.set(key, known === undefined ? member : { ...known, count: known.count + member.count })
  }
  return [...groups.values()]
}
