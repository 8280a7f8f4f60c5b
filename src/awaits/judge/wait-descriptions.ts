/** Paths that a search found, put into words: the resource at the end, the request and the event on the way, whose they are. */
import type { WaitKind, WaitsFor } from '../../model/await.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import { describeRequest, describeResource } from '../resources/describe-resource.js'
import type { JudgeContext } from './judge-context.js'
import type { PathPart } from './paths.js'
import { objectOf, stepsDown, type Finding, type FoundEnd, type StepKey } from '../search/wait-search.js'

export const STREAMS = /^(Readable|PassThrough|Transform|Duplex|Writable|Gzip|Gunzip|Interface|ReadStream|WriteStream)$/

const POOL = /Pool$/
const QUEUE = /^\._?(?:pending|wait|queue|connectionQueue)/i

export class WaitDescriptions {
  readonly #context: JudgeContext
  readonly #heap: V8Heap

  constructor(context: JudgeContext) {
    this.#context = context
    this.#heap = context.objects.heap
  }

  /** The resource at the end of a path, with what was met on the way to it. */
  describeEnd(finding: Finding, end: FoundEnd): WaitsFor | null {
    const { describe, paths, objects } = this.#context
    const object = objectOf(end.key)
    const resource = describeResource(describe, object)
    if (resource === null) return null
    const heldThrough = paths.text(finding, end.key)
    const request = this.#requestOn(finding, end.key)
    if (request !== null) {
      const fd = request.fd ?? resource.fd
      const answering = paths
        .parts(finding, end.key)
        .some((part) => part.slot === '.readRequests' || part.slot === '.body')
      const summary = answering
        ? request.summary.replace(/no answer$/, 'answer begun, its body is not complete')
        : request.summary
      return { ...request, summary, ...(fd === undefined ? {} : { fd }), heldThrough }
    }
    const signal = this.classOn(finding, end.key, (name) => name === 'AbortSignal')
    if (signal !== null && resource.kind !== 'timer')
      return { kind: 'abort-signal', summary: 'an AbortSignal', heldThrough }
    const named = this.#eventOn(paths.parts(finding, end.key))
    // The shortest way from a socket is often its end; what one waits for is data.
    const event = resource.kind === 'socket' && (named === 'close' || named === 'error') ? null : named
    const owner = resource.owner ?? this.ownerOn(paths.parts(finding, end.key), objects.className(object))
    const pool = resource.kind === 'socket' ? this.#poolOn(paths.parts(finding, end.key)) : null
    const lent = pool === null ? '' : `, the connection that ${pool} has lent: queued for it`
    return {
      ...resource,
      summary: `${resource.summary}${lent}${owner === null || owner === resource.summary ? '' : `, through ${owner}`}`,
      ...(owner === null ? {} : { owner }),
      ...(event === null ? {} : { event }),
      heldThrough,
    }
  }

  /** A pool of connections in whose queue the resolver lies: its turn comes when what is lent is given back. */
  #poolOn(parts: readonly PathPart[]): string | null {
    const pool = parts.find((part) => POOL.test(part.name) && QUEUE.test(part.slot))
    return pool === undefined ? null : pool.name
  }

  /** The request nearest to the promise. */
  #requestOn(finding: Finding, end: StepKey): Omit<WaitsFor, 'heldThrough'> | null {
    for (const key of stepsDown(finding, end).toReversed()) {
      const request = this.#heap.is(objectOf(key), 'JS_OBJECT')
        ? describeRequest(this.#context.describe, objectOf(key))
        : null
      if (request !== null) return request
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

  /** `ready` out of `OrderBus._events > Object.ready`. */
  #eventOn(parts: readonly PathPart[]): string | null {
    for (const [i, part] of parts.entries()) {
      if (part.slot !== '._events' && part.slot !== '.[kEvents]') continue
      const slot = parts[i + 1]?.slot ?? ''
      if (slot.startsWith('.')) return slot.slice(1)
    }
    return null
  }

  /** The user's object nearest to the promise through whose property it is held: `LineClient.pending`. */
  ownerOn(parts: readonly PathPart[], except: string): string | null {
    for (const part of parts.toReversed()) {
      if (!this.#heap.is(part.object, 'JS_OBJECT') || part.slot === '' || part.name === except) continue
      const script = this.#context.objects.classScript(part.object)
      if (script === null || script.startsWith('node:')) continue
      return `${part.name}${part.slot}`
    }
    return null
  }

  /** An emitter or signal whose listener leads to the promise; without `end` on the longest path that was followed. */
  emitterOn(finding: Finding, end: StepKey | null): WaitsFor | null {
    const { objects, paths } = this.#context
    const from = end ?? finding.waypoints.at(-1)
    if (from === undefined) return null
    const parts = paths.parts(finding, from)
    const at = parts.findIndex((part) => part.slot === '._events' || part.slot === '.[kEvents]')
    const emitter = parts[at]
    const heldThrough = paths.text(finding, from)
    if (emitter === undefined) return null
    const name = objects.className(emitter.object) || 'EventEmitter'
    const event = this.#eventOn(parts)
    if (name === 'AbortSignal')
      return { kind: 'abort-signal', summary: 'an AbortSignal that has not fired', heldThrough }
    const kind: WaitKind = STREAMS.test(name) ? 'stream' : 'emitter'
    return {
      kind,
      summary: event === null ? name : `event ${event} of ${name}`,
      owner: name,
      ...(event === null ? {} : { event }),
      heldThrough,
    }
  }

  /** A resource with a closure that mentions the module's variable: it can take the resolver out of it. */
  resourceUsing(finding: Finding, root: FoundEnd): Omit<WaitsFor, 'heldThrough'> | null {
    const module = objectOf(root.key)
    const variable = finding.steps.get(root.key)?.variable
    if (variable === undefined || variable === '') return null
    for (const use of this.#context.moduleUses) {
      if (use.module !== module || !this.#context.scopes.mentions(use.closure, variable)) continue
      const resource = this.#context.resourceOf(use.closure)
      const described = resource === 0 ? null : describeResource(this.#context.describe, resource)
      // A timer's callback that mentions a registry (a sweep) does not mean that it settles its entries.
      if (described !== null && described.kind !== 'timer') return described
    }
    return null
  }
}
