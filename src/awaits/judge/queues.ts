/**
 * The queue that a resolver stands in, on whichever path leads to it: of a pool whose members are lent, of a client that
 * has no connection, of commands that one connection takes in turn. What stands in a queue was not sent: it is not the
 * peer that is waited for, but whatever is ahead.
 */
import type { QueueFacts, WaitFacts } from '../../model/await.js'
import type { WaitOf } from '../../model/wait.js'
import type { Tagged } from '../../v8/heap/heap.js'
import { countOf, entriesOf, positionIn } from '../resources/collections.js'
import { blockingCommand } from '../resources/blocking-commands.js'
import { connectionAway, isParked, linkAway } from '../resources/connection-states.js'
import { readKeyedPool } from '../resources/keyed-pools.js'
import { readPool, type PoolReading } from '../resources/pools.js'
import { readScopePool } from '../resources/scope-pools.js'
import { isComponentTable } from '../resources/listeners.js'
import { isUndiciPool, readUndiciPool, waitingRequest } from '../resources/undici-pools.js'
import { objectOf, type Finding, type StepKey } from '../search/wait-search.js'
import type { JudgeContext } from './judge-context.js'
import type { HeapPathPart } from './heap-path-part.js'
import { plainParts } from './paths.js'
import { queuedByKey } from './queued-by-key.js'

const COMMANDS = /queue|command|pending|backlog|wait|todo|request/i
const BUFFERS =
  /queue|pending|wait|buffer|offline|commands|messages|outgoing|to_?(?:write|send)|unsent|acks?$|connectivityStateWatchers/i
/** Tables of what was sent or is to be sent, by number: which of both, they do not tell. */
const EITHER = /^\.[_#]?acks?$/i
/** ioredis: what was sent and is not answered; `offlineQueue` has what was not. */
const SENT = /^\.(?:prevC|c)ommandQueue$/
const ACTIVE = /^[_#]?(?:active|current|running|in_?flight)/i
/** Variables, not properties: `{queries}`. */
const VARIABLE = /^\{\w*(?:quer(?:y|ies)|queue|pending|backlog|waiting)\w*\}$/i
const MAX_PATHS = 12
const MAX_CLIENTS = 4
const CLIENT = /client$/i
const MAX_PASSED = 1_000

export class Queues {
  readonly #context: JudgeContext

  constructor(context: JudgeContext) {
    this.#context = context
  }

  /** A wait for a pool's member, or for a connection that is not there; null when it stands in no such queue. */
  waitIn(finding: Finding): WaitFacts | null {
    for (const key of this.#keys(finding)) {
      const parts = this.#context.paths.parts(finding, key)
      const wait = this.#poolOn(parts) ?? this.#bufferOn(parts)
      if (wait !== null) return { ...wait, parts: plainParts(parts) }
    }
    return null
  }

  #keys(finding: Finding): StepKey[] {
    return [
      ...finding.ends.map((end) => end.key),
      ...finding.holders,
      // Those nearest to the promise, and the farthest that was followed.
      ...finding.waypoints.slice(0, 4),
      ...finding.waypoints.slice(-2).toReversed(),
      ...[...finding.steps.keys()].slice(-2),
      ...this.#clients(finding),
    ].slice(0, MAX_PATHS + MAX_CLIENTS)
  }

  /** What calls itself a client, wherever on the way: the shortest way may lead round it, as by the signal of a command. */
  #clients(finding: Finding): StepKey[] {
    const { objects } = this.#context
    const found: StepKey[] = []
    for (const key of finding.steps.keys()) {
      if (found.length >= MAX_CLIENTS) break
      const object = objectOf(key)
      if (objects.heap.is(object, 'JS_OBJECT') && CLIENT.test(objects.className(object))) found.push(key)
    }
    return found
  }

  #poolOn(parts: readonly HeapPathPart[]): WaitFacts | null {
    const { objects } = this.#context
    for (const [i, part] of parts.entries()) {
      const queue = parts[i + 1]
      if (part.role === 'scope' && queue !== undefined) {
        const kept = readScopePool(objects, this.#context.scopes, part.object, part.slot, queue.object)
        if (kept !== null) return this.poolWait({ ...kept, position: this.#positionAt(parts, i) })
      }
      if (part.role !== 'object' || part.slot === '' || queue === undefined) continue
      if (isUndiciPool(objects, part.object, part.slot)) {
        const asked = parts.slice(i + 1).find((each) => objects.getObject(each.object, ['opts']) !== 0)
        return {
          ...this.poolWait(readUndiciPool(this.#context.describe, part.object)),
          ...(asked === undefined ? {} : waitingRequest(objects, asked.object)),
          sent: false,
        }
      }
      const pool =
        readPool(objects, part.object, part.slot, countOf(objects, queue.object)) ??
        readKeyedPool(objects, part.object, part.slot, parts[i + 2]?.object ?? 0)
      if (pool === null || (pool.idle ?? 0) > 0) continue
      if (pool.lent === 0 && pool.idle === 0) return this.#notThere(parts, i, pool.owner)
      return this.poolWait({ ...pool, position: this.#positionAt(parts, i) })
    }
    return null
  }

  poolWait(reading: PoolReading): WaitOf<'pool'> {
    const { lentMembers: _, pool: __, reread: ___, ownedBy: ____, ...facts } = reading
    this.#context.lent.set(facts, reading)
    return { kind: 'pool', owner: facts.owner, pool: facts }
  }

  /** Nothing is lent and nothing idle: the first connection is still being made, or nobody makes one. */
  #notThere(parts: readonly HeapPathPart[], at: number, owner: string): WaitFacts {
    return {
      kind: 'buffer',
      until: 'first-connection',
      owner,
      queuedIn: this.#facts(parts, at, owner),
    }
  }

  #bufferOn(parts: readonly HeapPathPart[]): WaitFacts | null {
    const { objects } = this.#context
    for (const [i, part] of parts.entries()) {
      if (part.role !== 'object' || !BUFFERS.test(part.slot) || !this.#isQueue(parts, i)) continue
      if (isComponentTable(parts, i)) continue
      const away = connectionAway(objects, part.object, part.slot) ?? this.#linkAway(parts, i)
      if (away === null) continue
      const owner = `${part.name}${part.slot}`
      return {
        kind: 'buffer',
        until: 'sent',
        owner,
        connection: away,
        ...(isParked(objects, part.object) ? { parked: true as const } : {}),
        ...(SENT.test(part.slot) ? { wasSent: true as const } : {}),
        ...(EITHER.test(part.slot) ? { mayBeSent: true as const } : {}),
        ...blockingCommand(
          objects,
          parts.slice(-4).map((each) => each.object),
        ),
        queuedIn: this.#facts(parts, i, owner),
      }
    }
    return null
  }

  #linkAway(parts: readonly HeapPathPart[], at: number): string | null {
    const client = parts[at - 1]
    return client?.role === 'object' ? linkAway(this.#context.objects, client.object, parts[at]?.slot ?? '') : null
  }

  /** Where it stands in a queue of commands for one connection; null when it is the one that was sent, or in none. */
  behind(parts: readonly HeapPathPart[]): QueueFacts | null {
    for (const [i, part] of parts.entries()) {
      if (part.role !== 'object' || !COMMANDS.test(part.slot) || !this.#isQueue(parts, i)) continue
      const facts = this.#facts(parts, i, `${part.name}${part.slot}`)
      const busy = this.#busyWith(part.object)
      if ((facts.position ?? 0) === 0 && busy === null) continue
      const sent = SENT.test(part.slot) ? ({ sent: true } as const) : {}
      return busy === null ? { ...facts, ...sent } : { ...facts, ...sent, ahead: facts.ahead ?? busy }
    }
    return this.#byKey(parts) ?? this.#inVariable(parts)
  }

  #byKey(parts: readonly HeapPathPart[]): QueueFacts | null {
    const found = queuedByKey(this.#context.objects, parts)
    if (found === null) return null
    const { owner, slot, position, queued } = found
    const busy = this.#busyWith(owner)
    if (busy === null && position === 0) return null
    const name = `${this.#context.objects.className(owner)}${slot}`
    return { owner: name, position, queued, ...(busy === null ? {} : { ahead: busy }) }
  }

  /** A queue that a client keeps in a variable of a function: how long it is can't be told, only that it is one. */
  #inVariable(parts: readonly HeapPathPart[]): QueueFacts | null {
    const { heap } = this.#context.objects
    for (const [i, part] of parts.entries()) {
      if (part.role !== 'scope' || !VARIABLE.test(part.slot)) continue
      const listed = parts
        .slice(i + 1, i + 6)
        .some((each) => heap.is(each.object, 'JS_ARRAY') && /^\[\d+\]$/.test(each.slot))
      if (listed) return { owner: part.slot.slice(1, -1), position: null, queued: null }
    }
    return null
  }

  /** What follows a property is a collection in which order matters, or a list. */
  #isQueue(parts: readonly HeapPathPart[], at: number): boolean {
    const { objects, locks } = this.#context
    const { heap } = objects
    for (const part of parts.slice(at + 1, at + 3)) {
      if (heap.is(part.object, 'JS_ARRAY') || heap.is(part.object, 'JS_SET')) return true
      if (locks.isNode(part.object, heap.typeOf(part.object))) return true
      // By message number, as MQTT clients keep what is not acknowledged.
      if (/^\[\d+\]$/.test(part.slot)) return true
    }
    return false
  }

  #facts(parts: readonly HeapPathPart[], at: number, owner: string): QueueFacts {
    const { objects } = this.#context
    const queue = parts[at + 1]
    const position = this.#positionAt(parts, at)
    const first =
      position === null || position === 0 || queue === undefined ? null : this.#nameOf(this.#firstOf(queue.object))
    return {
      owner,
      position,
      queued: queue === undefined ? null : countOf(objects, queue.object),
      ...(first === null ? {} : { ahead: first }),
    }
  }

  #positionAt(parts: readonly HeapPathPart[], at: number): number | null {
    const { objects } = this.#context
    for (const [k, part] of parts.slice(at + 1, at + 3).entries()) {
      const index = /^\[(\d+)\]$/.exec(part.slot)?.[1]
      if (index === undefined || !objects.heap.is(part.object, 'JS_ARRAY')) continue
      return positionIn(objects, parts[at + k]?.object ?? 0, Number(index))
    }
    return this.#listPosition(parts, at)
  }

  /** In a list of entries that lead to the next one: how many are passed from its head. */
  #listPosition(parts: readonly HeapPathPart[], at: number): number | null {
    const { objects, locks } = this.#context
    const node = parts
      .slice(at + 1, at + 4)
      .find(({ object }) => objects.isObject(object) && locks.isNode(object, objects.heap.typeOf(object)))
    const list = parts[at + 1]
    if (node === undefined || list === undefined) return null
    let entry = node === list ? 0 : objects.getObject(list.object, ['head', '_head', '#head'])
    for (let passed = 0; entry !== 0 && passed < MAX_PASSED; passed++) {
      if (entry === node.object) return passed
      entry = objects.getObject(entry, ['next', '_next', '#next'])
    }
    return null
  }

  #firstOf(queue: Tagged): Tagged {
    const { objects } = this.#context
    return entriesOf(objects, queue, 1)[0] ?? 0
  }

  /** The command's own name, when it has one that is no value of the application's. */
  #nameOf(entry: Tagged): string | null {
    const { objects } = this.#context
    if (entry === 0) return null
    const inner = objects.getObject(entry, ['command', 'query', 'request'])
    for (const object of inner === 0 ? [entry] : [inner, entry]) {
      const name = objects.getText(object, ['name', 'commandName', 'method', 'command'], 60)
      if (name !== null && /^[\w.:-]{1,40}$/.test(name)) return name
    }
    const name = objects.className(inner === 0 ? entry : inner)
    return name === '' || name === 'Object' || name === 'Array' ? null : name
  }

  /** What the queue's owner runs now, by its own field. */
  #busyWith(owner: Tagged): string | null {
    const { objects } = this.#context
    for (const { name, value } of objects.properties(owner)) {
      if (!ACTIVE.test(name) || !objects.isObject(value)) continue
      if (countOf(objects, value) !== null) continue
      return this.#nameOf(value) ?? name.replace(/^[_#]/, '')
    }
    return null
  }
}
