/** Paths that a search found, put into words: the resource at the end, the request and the event on the way, whose they are. */
import { isConnected, type WaitKind, type WaitFacts, type WaitOf } from '../../model/wait.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import { agentMember, describeRequest, describeResource, type Part } from '../resources/describe-resource.js'
import { blockingCommand } from '../resources/blocking-commands.js'
import { connectionAway, isParked } from '../resources/connection-states.js'
import { connectionOver, overOf } from '../resources/emitter-state.js'
import { portOver } from '../resources/closed-ports.js'
import { readSession } from '../resources/http2-pools.js'
import { agentOf, readAgent } from '../resources/http-agent.js'
import { isComponentTable } from '../resources/listeners.js'
import { answerUnended, isStream } from '../resources/stream-states.js'
import { subscriptionsOf } from '../resources/subscriptions.js'
import { unreadOn, unreadItself, unreadOnSession, unreadPartOf, unstartedOn } from '../resources/unread.js'
import type { JudgeContext } from './judge-context.js'
import type { HeapPathPart } from './heap-path-part.js'
import { plainParts } from './paths.js'
import { lostEvent } from './lost-replies.js'
import { Queues } from './queues.js'
import { bodyUnended, fileStreamHeld } from './stream-waits.js'
import { countedOf, operationOf } from './tries-again.js'
import { objectOf, stepsDown, type Finding, type FoundEnd, type StepKey } from '../search/wait-search.js'

export const STREAMS = /^(Readable|PassThrough|Transform|Duplex|Writable|Gzip|Gunzip|Interface|ReadStream|WriteStream)$/

/** Objects that only carry a listener or a resolver; node's own queues inside `events.on`. */
const PLAIN = /^(?:Object|FixedQueue|FixedCircularBuffer)$/
/** Events by which clients tell that they are connected, and those that end the wait for it. */
const READY = /^(?:ready|connect(?:ed)?|open(?:ed)?|online|reconnect(?:ed)?)$/
const CONNECTED = /^(?:ready|connect(?:ed)?|open(?:ed)?|online|reconnect(?:ed)?|end|close|error)$/
const LISTENERS = /^\.(?:_events|\[kEvents\]|\[kHandlers\])$/
const SOCKETS = /^(?:TLS)?Socket$/
/** Events by which clients hand on what was published to them. */
const PUBLISHED = /^(?:p?message|p?messageBuffer|notification|publish|change)$/

export class WaitDescriptions {
  readonly #context: JudgeContext
  readonly #heap: V8Heap
  readonly #queues: Queues

  constructor(context: JudgeContext) {
    this.#context = context
    this.#queues = new Queues(context)
    this.#heap = context.objects.heap
  }

  /** The resource at the end of a path, with what was met on the way to it. */
  describeEnd(finding: Finding, end: FoundEnd): WaitFacts | null {
    const { describe, paths, objects } = this.#context
    const object = objectOf(end.key)
    const resource = describeResource(describe, object)
    if (resource === null) return null
    const parts = paths.parts(finding, end.key)
    const way = { parts: plainParts(parts) }
    const request = this.#requestOn(finding, end.key)
    if (request !== null) return { ...this.#ofRequest(request, resource, object, parts), ...way }
    const signal = this.classOn(finding, end.key, (name) => name === 'AbortSignal')
    if (signal !== null && resource.kind !== 'timer') return { kind: 'abort-signal', ...way }
    const away = resource.kind === 'socket' ? this.#awayOn(parts, object) : null
    if (away !== null) return { ...away, ...way }
    const answer = resource.kind === 'socket' ? answerUnended(objects, parts) : null
    if (answer !== null) return { ...answer, ...way }
    const emitter = this.#userEmitterOn(parts)
    const unreadEnd = emitter === null ? null : unreadItself(objects, emitter.object, emitter.event)
    if (emitter !== null && unreadEnd !== null) return { ...this.#ofEmitter(emitter, resource), ...way }
    const wrapped = emitter === null ? 0 : this.#requestOf(emitter.object)
    if (wrapped !== 0) return { ...this.#ofRequest(wrapped, resource, object, parts), ...way }
    if (emitter !== null && resource.kind === 'socket' && !this.#isClient(emitter, resource))
      return { ...this.#ofEmitter(emitter, resource), ...way }
    const named = this.#eventOn(parts)
    // The shortest way from a socket is often its end; what one waits for is data.
    const event = resource.kind === 'socket' && (named === 'close' || named === 'error') ? null : named
    const owner = resource.owner ?? this.ownerOn(parts, object)
    const behind = resource.kind === 'socket' ? this.#queues.behind(parts) : null
    const over = named === null || isOfPipeline(parts) ? null : overOf(describe, this.#listenedOn(parts), named)
    const blocking =
      resource.kind === 'socket' && behind === null
        ? blockingCommand(
            objects,
            parts.slice(-4).map((part) => part.object),
          )
        : null
    const unread = resource.kind === 'socket' ? (unreadOn(objects, parts, object) ?? unstartedOn(objects, parts)) : null
    const said = {
      ...(owner === null ? {} : { owner }),
      ...(owner === null || owner === resource.label ? {} : { through: [owner] }),
      ...(event === null ? {} : { event }),
      ...(over === null ? {} : { over }),
      ...way,
    }
    const child = this.#ofChild(resource, object)
    if (child !== null) return { ...child, ...said }
    if (resource.kind === 'timer') {
      const again =
        operationOf(
          objects,
          parts.flatMap((part) => (part.role === 'object' ? part.object : [])),
        ) ?? countedOf(this.#context.describe, this.#context.scopes, object)
      return { ...resource, ...said, ...(again === null ? {} : { again }) }
    }
    if (resource.kind === 'stream') return { ...resource, ...said, ...fileStreamHeld(this.#context, object) }
    if (resource.kind !== 'socket') return { ...resource, ...said }
    const body = behind === null ? bodyUnended(this.#context, object) : null
    if (body !== null) return { ...body, ...(resource.fd === undefined ? {} : { fd: resource.fd }), ...way }
    const open = resource.type === 'listening' ? this.#openOn(object) : null
    return {
      ...resource,
      ...said,
      ...(open === null ? {} : { open }),
      ...(behind === null ? {} : { queuedIn: behind }),
      ...(this.#isOwnTable(parts) ? { mayBeLost: true as const } : {}),
      ...blocking,
      ...(unread === null ? {} : { unread }),
    }
  }

  /** A pipe that is a standard stream of a child: that child is what is waited for. */
  #ofChild(resource: Part, object: Tagged): WaitOf<'child'> | null {
    const pipe = resource.kind === 'socket' ? this.#context.childOf(object) : null
    const child = pipe === null ? null : describeResource(this.#context.describe, pipe.child)
    return pipe === null || child?.kind !== 'child' ? null : { ...child, stdio: pipe.stdio }
  }

  /** An entry, by its key, of a table that belongs to a class of the application's own. */
  #isOwnTable(parts: readonly HeapPathPart[]): boolean {
    return parts.some((part, i) => {
      const table = parts[i + 1]
      const keyed = table?.role === 'collection' ? table.slot.startsWith('.get(') : table?.name === 'Object'
      if (!keyed || part.role !== 'object' || part.slot === '._events') return false
      const script = this.#context.objects.classScript(part.object)
      return script !== null && !script.startsWith('node:') && !script.includes('/node_modules/')
    })
  }

  /** lib/net.js: a server that was closed has no handle, and emits `close` when its last connection has ended. */
  #openOn(server: Tagged): { readonly connections: number; readonly fds: readonly number[] } | null {
    const { objects, acceptedBy } = this.#context
    if (objects.oddball(objects.getAny(server, ['_handle']) ?? 0) !== 'null') return null
    const connections = objects.getNumber(server, ['_connections']) ?? 0
    return connections > 0 ? { connections, fds: acceptedBy(server) } : null
  }

  #ofRequest(request: Tagged, resource: Part, end: Tagged, parts: readonly HeapPathPart[]): WaitFacts {
    const { describe, objects } = this.#context
    const answering = parts.some((part) => part.slot === '.readRequests' || part.slot === '.body')
    const described = describeRequest(describe, request, answering)
    if (described === null) return resource
    if (!isConnected(described)) return described
    const queued = agentOf(objects, request)
    if (queued !== null) {
      const reading = readAgent(objects, queued.agent, queued.key, request, (socket) => agentMember(describe, socket))
      return {
        ...this.#queues.poolWait(reading),
        ...(described.method === undefined ? {} : { method: described.method }),
        ...(described.url === undefined ? {} : { url: described.url }),
        sent: false,
      }
    }
    const session =
      described.kind === 'http2-stream' && described.answered !== true ? readSession(describe, request) : null
    if (session !== null) {
      return {
        ...this.#queues.poolWait(session),
        ...(described.method === undefined ? {} : { method: described.method }),
        ...(described.url === undefined ? {} : { url: described.url }),
        sent: false,
      }
    }
    // A request without a socket of its own was not sent: the descriptor of the way to it is another one's.
    const own = objects.className(request) === 'ClientRequest' && described.fd === undefined
    const fd = own ? undefined : (described.fd ?? resource.fd)
    const unread =
      unreadOn(objects, parts, end) ?? (described.kind === 'http2-stream' ? unreadOnSession(objects, request) : null)
    const more = { ...(fd === undefined ? {} : { fd }), ...(unread === null ? {} : { unread }) }
    // undici's client-h1.js: a socket is `writing` from a body's first chunk until its end.
    const writing = described.kind === 'http-request' && objects.getBoolean(end, ['[writing]']) === true
    return writing ? { ...described, sent: false, ...more } : { ...described, ...more }
  }

  /** What waits for an event of somebody's own emitter waits for that; the connection may bring it, or not. */
  #ofEmitter(emitter: HeapPathPart & { readonly event: string | null }, resource: Part): WaitFacts {
    const owner = emitter.name || 'EventEmitter'
    const over = emitter.event === null ? null : overOf(this.#context.describe, emitter.object, emitter.event)
    const away = over === null ? this.#awayOf(emitter.object, emitter.event) : null
    if (away !== null) return this.#notReady(owner, emitter, away)
    const { objects } = this.#context
    const lost = over === null ? lostEvent(this.#context, emitter) : null
    if (lost !== null) return lost
    const unread =
      over === null
        ? (unreadPartOf(objects, emitter.object) ?? unreadItself(objects, emitter.object, emitter.event))
        : null
    return {
      kind: STREAMS.test(owner) ? 'stream' : 'emitter',
      owner,
      ...(emitter.event === null ? {} : { event: emitter.event, ...this.#subscribed(emitter.object, emitter.event) }),
      ...(over === null ? {} : { hopeless: true as const, over }),
      ...(unread === null ? {} : { unread }),
      ...(resource.incoming === true || resource.fd === undefined ? {} : { fd: resource.fd }),
    }
  }

  #subscribed(emitter: Tagged, event: string): Pick<WaitOf<'emitter'>, 'subscribedTo'> {
    const channels = subscriptionsOf(this.#context.objects, emitter, event)
    return channels.length === 0 ? {} : { subscribedTo: channels }
  }

  /** The state of an emitter that is waited for to be connected; a `state` of something else has other events. */
  #awayOf(emitter: Tagged, event: string | null): string | null {
    if (event === null || !CONNECTED.test(event)) return null
    const away = connectionAway(this.#context.objects, emitter, '')
    return away !== null && (READY.test(event) || /connect/i.test(away)) ? away : null
  }

  #notReady(
    owner: string,
    { object, event }: { readonly object: Tagged; readonly event: string | null },
    away: string,
  ): WaitFacts {
    return {
      kind: 'buffer',
      until: 'connected',
      owner,
      connection: away,
      ...(isParked(this.#context.objects, object) ? { parked: true as const } : {}),
      ...(event === null ? {} : { event }),
    }
  }

  /**
   * A client that says that it has no connection, on the way from a socket that is not its own: one of another client, that
   * leads to it through what both belong to.
   */
  #awayOn(parts: readonly HeapPathPart[], socket: Tagged): WaitFacts | null {
    const { objects } = this.#context
    const at = parts.findLastIndex((part) => part.slot === '._events')
    const emitter = parts[at]
    const slot = parts[at + 1]?.slot ?? ''
    if (emitter === undefined || !slot.startsWith('.') || leadsOn(parts, at)) return null
    const event = slot.slice(1)
    const away = this.#awayOf(emitter.object, event)
    if (away === null) return null
    for (const { value } of objects.properties(emitter.object)) if (value === socket) return null
    return this.#notReady(this.#clientName(parts, at), { object: emitter.object, event }, away)
  }

  /** Its class; of one that has node's emitter mixed in, and so its name, what it is kept as. */
  #clientName(parts: readonly HeapPathPart[], at: number): string {
    const name = this.#context.objects.className(parts[at]?.object ?? 0)
    if (name !== '' && name !== 'EventEmitter') return name
    return this.ownerOn(parts.slice(0, at)) ?? 'EventEmitter'
  }

  /**
   * The emitter of the application's or a package's nearest to the promise, and the event; null when other objects lie
   * between its listener and the promise: then the event is not what is waited for, but one that may lead on to it.
   */
  #userEmitterOn(parts: readonly HeapPathPart[]): (HeapPathPart & { readonly event: string | null }) | null {
    const { objects } = this.#context
    const at = parts.findLastIndex((part, i) => part.slot === '._events' || isComponentTable(parts, i))
    const emitter = parts[at]
    if (emitter === undefined) return null
    if (objects.classScript(emitter.object)?.startsWith('node:') !== false) return null
    if (leadsOn(parts, at)) return null
    const slot = parts[at + 1]?.slot ?? ''
    return { ...emitter, event: slot.startsWith('.') ? slot.slice(isComponentTable(parts, at) ? 2 : 1) : null }
  }

  /** A request that wraps node's own, to follow redirections or to try again: what it has under way. */
  #requestOf(emitter: Tagged): Tagged {
    const { objects, describe } = this.#context
    if (!/request/i.test(objects.className(emitter))) return 0
    for (const { value } of objects.properties(emitter)) {
      if (objects.isObject(value) && objects.className(value) === 'ClientRequest' && describeRequest(describe, value))
        return value
    }
    return 0
  }

  /** A client that emits what comes on a socket of its own: then the peer is to answer, unless it is subscribed to. */
  #isClient(emitter: HeapPathPart & { readonly event: string | null }, resource: Part): boolean {
    if (resource.incoming === true || (emitter.event !== null && PUBLISHED.test(emitter.event))) return false
    const { objects } = this.#context
    for (const { value } of objects.properties(emitter.object)) {
      if (objects.isObject(value) && SOCKETS.test(objects.className(value))) return true
    }
    return false
  }

  #listenedOn(parts: readonly HeapPathPart[]): Tagged {
    return parts.findLast((part) => part.slot === '._events' || part.slot === '.[kEvents]')?.object ?? 0
  }

  /** The request nearest to the promise. */
  #requestOn(finding: Finding, end: StepKey): Tagged | null {
    for (const key of stepsDown(finding, end).toReversed()) {
      const object = objectOf(key)
      if (this.#heap.is(object, 'JS_OBJECT') && describeRequest(this.#context.describe, object) !== null) return object
    }
    return null
  }

  /** The first object of the path, from its end, of a class. */
  classOn(finding: Finding, end: StepKey, matches: (name: string) => boolean): Tagged | null {
    for (const key of stepsDown(finding, end)) {
      const object = objectOf(key)
      if (this.#context.objects.isObject(object) && matches(this.#context.objects.className(object))) return object
    }
    return null
  }

  /** `ready` out of `OrderBus._events > Object.ready`: of the emitter nearest to the promise. */
  #eventOn(parts: readonly HeapPathPart[]): string | null {
    const at = listenersAt(parts)
    const slot = at < 0 || leadsOn(parts, at) ? '' : (parts[at + 1]?.slot ?? '')
    return slot.startsWith('.') ? slot.slice(isComponentTable(parts, at) ? 2 : 1) : null
  }

  /** The user's object nearest to the promise through whose property it is held: `LineClient.pending`. */
  ownerOn(parts: readonly HeapPathPart[], except: Tagged = 0): string | null {
    for (const part of parts.toReversed()) {
      if (!this.#heap.is(part.object, 'JS_OBJECT') || part.slot === '' || part.object === except) continue
      const script = this.#context.objects.classScript(part.object)
      if (script === null || script.startsWith('node:')) continue
      return `${part.name}${part.slot}`
    }
    return null
  }

  /**
   * An emitter on any path followed that has done with the event: then nothing will settle it. Where its listener leads on
   * to another object (a request that tries again), that one may.
   */
  overOn(finding: Finding): WaitFacts | null {
    const { objects, paths } = this.#context
    for (const key of finding.waypoints) {
      const emitter = objectOf(key)
      const events = objects.getObject(emitter, ['_events'])
      // However the search came to the emitter, its listener's entry is among the steps.
      const way = finding.steps.has(events) ? paths.fromListeners(finding, emitter, events) : []
      const slot = way[0]?.slot ?? ''
      if (!slot.startsWith('.')) continue
      const event = slot.slice(1)
      const over = overOf(this.#context.describe, emitter, event)
      if (over === null || leadsOn(paths.parts(finding, key), 0)) continue
      if (isOfPipeline(way)) return { ...PIPELINE, parts: plainParts(paths.parts(finding, key)) }
      // The first of a pipeline is over before its last: whoever waits for several goes on with any of them.
      if (this.#isAlsoOn(finding, emitter)) return null
      const owner = objects.className(emitter) || 'EventEmitter'
      return {
        kind: STREAMS.test(owner) ? 'stream' : 'emitter',
        hopeless: true,
        owner,
        event,
        over,
        parts: plainParts(paths.parts(finding, key)),
      }
    }
    return null
  }

  /** Whether another stream, which is not over, leads to the promise by a listener of its own, not through the emitter. */
  #isAlsoOn(finding: Finding, emitter: Tagged): boolean {
    const { objects, describe } = this.#context
    return finding.waypoints.some((key) => {
      const other = objectOf(key)
      const events = objects.getObject(other, ['_events'])
      if (other === emitter || !finding.steps.has(events) || !isStream(objects, other)) return false
      if (overOf(describe, other, 'finish') !== null) return false
      return !stepsDown(finding, events).some((step) => objectOf(step) === emitter)
    })
  }

  /** A message port or connection on the way that is closed: whatever its listener leads on to, it is never called again. */
  closedOn(finding: Finding, end: StepKey): WaitFacts | null {
    const { objects, paths, describe } = this.#context
    const parts = paths.parts(finding, end)
    const at = parts.findLastIndex((part) => LISTENERS.test(part.slot))
    const emitter = parts[at]
    if (emitter === undefined) return null
    // A timer on the way may open it anew, and send again what was not answered.
    const mayReopen = finding.ends.some(({ kind }) => kind === 'resource')
    const over = portOver(describe, emitter.object) ?? (mayReopen ? null : connectionOver(describe, emitter.object))
    if (over === null) return null
    const slot = /^\.(\w+)$/.exec(parts[at + 1]?.slot ?? '')?.[1]
    return {
      kind: 'emitter',
      hopeless: true,
      owner: objects.className(emitter.object),
      event: slot ?? 'message',
      over,
      parts: plainParts(parts),
    }
  }

  /** An emitter or signal whose listener leads to the promise; without `end` on the longest path that was followed. */
  emitterOn(finding: Finding, end: StepKey | null): WaitFacts | null {
    const { objects, paths } = this.#context
    const from = end ?? finding.waypoints.at(-1)
    if (from === undefined) return null
    const parts = paths.parts(finding, from)
    const at = listenersAt(parts)
    const emitter = parts[at]
    if (emitter === undefined) return null
    const name = objects.className(emitter.object) || 'EventEmitter'
    const event = this.#eventOn(parts)
    if (name === 'AbortSignal') return { kind: 'abort-signal', parts: plainParts(parts) }
    const over = event === null ? null : overOf(this.#context.describe, emitter.object, event)
    if (over !== null && isOfPipeline(parts)) return { ...PIPELINE, parts: plainParts(parts) }
    const away = over === null ? this.#awayOf(emitter.object, event) : null
    if (away !== null) {
      const client = this.#clientName(parts, at)
      return { ...this.#notReady(client, { object: emitter.object, event }, away), parts: plainParts(parts) }
    }
    const lost = over === null ? lostEvent(this.#context, { ...emitter, name, event }) : null
    if (lost !== null) return { ...lost, parts: plainParts(parts) }
    const kind: WaitKind = STREAMS.test(name) ? 'stream' : 'emitter'
    const unread =
      over === null ? (unreadPartOf(objects, emitter.object) ?? unreadItself(objects, emitter.object, event)) : null
    return {
      kind,
      owner: name,
      ...(event === null ? {} : { event }),
      ...(over === null ? {} : { hopeless: true as const, over }),
      ...(unread === null ? {} : { unread }),
      parts: plainParts(parts),
    }
  }

  /** A resource with a closure that mentions the module's variable: it can take the resolver out of it. */
  resourceUsing(finding: Finding, root: FoundEnd): Part | null {
    const module = objectOf(root.key)
    const variable = finding.steps.get(root.key)?.variable
    if (variable === undefined || variable === '') return null
    for (const use of this.#context.moduleUses) {
      if (use.module !== module || !this.#context.scopes.mentions(use.closure, variable)) continue
      const resource = this.#context.resourceOf(use.closure)
      const described = resource === 0 ? null : describeResource(this.#context.describe, resource)
      // A timer's callback that mentions a registry (a sweep) does not mean that it settles its entries.
      // Nor that what comes in at a server does.
      if (described === null || described.kind === 'timer' || described.incoming === true) continue
      return this.#ofChild(described, resource) ?? described
    }
    return null
  }
}

/** lib/internal/streams/pipeline.js: its first streams are over before its last, and each alone tells nothing. */
const PIPELINE = { kind: 'stream', owner: 'pipeline', event: 'finish' } as const

/** Where the nearest table of listeners stands in a path; -1 without one. */
function listenersAt(parts: readonly HeapPathPart[]): number {
  return parts.findLastIndex((part, i) => {
    return part.slot === '._events' || part.slot === '.[kEvents]' || isComponentTable(parts, i)
  })
}

function isOfPipeline(parts: readonly HeapPathPart[]): boolean {
  return parts.some((part) => part.name === 'scope of pipelineImpl')
}

/** Whether other objects lie between the listener at `at` and the promise. */
function leadsOn(parts: readonly HeapPathPart[], at: number): boolean {
  return parts.slice(at + 2).some((part) => part.role === 'object' && part.slot !== '' && !PLAIN.test(part.name))
}
