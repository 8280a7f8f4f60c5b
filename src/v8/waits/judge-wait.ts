/**
 * From what a search came upon to the one thing that is said of a leaf: the nearest resource, else the lock or emitter
 * that holds its resolver, else nothing alive. Each path is read again before it is named; one that is not there any
 * more names nothing.
 */
import type { WaitHolder, WaitKind, WaitsFor } from '../../model/await.js'
import { type SuspendedFunctions } from '../awaits/suspended.js'
import type { Tagged, V8Heap } from '../heap.js'
import type { Objects } from '../objects.js'
import { scriptPath } from '../scripts.js'
import type { CodeScopes } from './code-scopes.js'
import { describeRequest, describeResource, type DescribeContext } from './describe-resource.js'
import type { ModuleUse } from './forward.js'
import { hasResource, type Locks } from './locks.js'
import type { PathPart, Paths } from './paths.js'
import { objectOf, stepsDown, type Finding, type FoundEnd, type StepKey } from './wait-search.js'

const MAX_HOLDERS = 5
/** A child's exit says more than the pipe of its output; a timer or signal is seldom what one really waits for. */
const RANK: ReadonlyMap<string, number> = new Map([
  ['ChildProcess', -6],
  ['Timeout', 3],
  ['AbortSignal', 4],
])
const STREAMS = /^(Readable|PassThrough|Transform|Duplex|Writable|Gzip|Gunzip|Interface|ReadStream|WriteStream)$/

export interface JudgeContext {
  readonly objects: Objects
  readonly scopes: CodeScopes
  readonly paths: Paths
  readonly locks: Locks
  readonly suspended: SuspendedFunctions
  readonly describe: DescribeContext
  readonly moduleUses: readonly ModuleUse[]
  /** The resource a closure belongs to, by the forward search; 0 without one. */
  resourceOf(closure: Tagged): Tagged
  /** Objects that C++ holds by a strong handle. */
  readonly strong: ReadonlySet<Tagged>
  readonly stray: ReadonlySet<Tagged>
  /** Whether the searches proved on this very process that they find what is there. */
  readonly controlled: boolean
}

export class WaitJudge {
  readonly #context: JudgeContext
  readonly #heap: V8Heap

  constructor(context: JudgeContext) {
    this.#context = context
    this.#heap = context.objects.heap
  }

  judge(finding: Finding, guard: Finding | null): WaitsFor {
    const wait = this.#judge(finding)
    if (guard === null || wait.kind === 'timer') return wait
    const end = this.#bestEnd(guard)
    const timer = end === null ? null : this.#describeEnd(guard, end)
    return timer === null ? wait : { ...wait, summary: `${wait.summary}; or fails by ${timer.summary}` }
  }

  #judge(finding: Finding): WaitsFor {
    const end = this.#bestEnd(finding)
    if (end !== null && !finding.unusable) {
      if (!this.#holdsStill(finding, end.key)) return moved()
      const described = this.#describeEnd(finding, end)
      if (described !== null) return described
    }
    if (finding.unusable)
      return this.#nothing(finding, 'kept alive only by scopes none of whose functions uses the variable')
    const root = finding.ends.find((found) => found.kind === 'root')
    if (root !== undefined) return this.#ofRoot(finding, root)
    const evaluation = finding.ends.find((found) => found.kind === 'module' || found.kind === 'function')
    if (evaluation !== undefined) return this.#ofFunction(finding, evaluation)
    const emitter = this.#emitterOn(finding, null)
    if (emitter !== null && finding.holders.length > 0) return emitter
    if (finding.holders.length > 0) return this.#ofHolders(finding)
    if ([...finding.steps.keys()].some((key) => this.#context.strong.has(objectOf(key)))) {
      return { kind: 'unknown', summary: 'its resolver is held by native code' }
    }
    return this.#nothing(finding, 'no settler found')
  }

  #nothing(finding: Finding, why: string): WaitsFor {
    if (finding.capped) {
      return { kind: 'unknown', summary: 'no settler found', doubt: 'not every holder was followed', cutShort: true }
    }
    if (!this.#context.controlled) {
      return {
        kind: 'unknown',
        summary: 'no settler found',
        doubt: 'the search could not be proved on a known promise of this process',
      }
    }
    const stray = [...finding.steps.keys()].some((key) => this.#context.stray.has(objectOf(key)))
    return {
      kind: 'nothing',
      summary: `nothing alive can settle it: ${why}`,
      ...(stray ? { doubt: 'a word on a stack or in native memory still names one of the objects' } : {}),
    }
  }

  #bestEnd(finding: Finding): FoundEnd | null {
    const { objects } = this.#context
    let best: FoundEnd | null = null
    let bestRank = Number.MAX_SAFE_INTEGER
    for (const end of finding.ends) {
      if (end.kind !== 'resource' && end.kind !== 'native') continue
      const depth = finding.steps.get(end.key)?.depth ?? 0
      const rank = depth + (RANK.get(objects.className(objectOf(end.key))) ?? 0)
      if (rank >= bestRank) continue
      best = end
      bestRank = rank
    }
    return best
  }

  #describeEnd(finding: Finding, end: FoundEnd): WaitsFor | null {
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
    const signal = this.#classOn(finding, end.key, (name) => name === 'AbortSignal')
    if (signal !== null && resource.kind !== 'timer')
      return { kind: 'abort-signal', summary: 'an AbortSignal', heldThrough }
    const named = this.#eventOn(paths.parts(finding, end.key))
    // The shortest way from a socket is often its end; what one waits for is data.
    const event = resource.kind === 'socket' && (named === 'close' || named === 'error') ? null : named
    const owner = resource.owner ?? this.#ownerOn(paths.parts(finding, end.key), objects.className(object))
    return {
      ...resource,
      summary: `${resource.summary}${owner === null || owner === resource.summary ? '' : `, through ${owner}`}`,
      ...(owner === null ? {} : { owner }),
      ...(event === null ? {} : { event }),
      heldThrough,
    }
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

  #classOn(finding: Finding, end: StepKey, matches: (name: string) => boolean): Tagged | null {
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
  #ownerOn(parts: readonly PathPart[], except: string): string | null {
    for (const part of parts.toReversed()) {
      if (!this.#heap.is(part.object, 'JS_OBJECT') || part.slot === '' || part.name === except) continue
      const script = this.#context.objects.classScript(part.object)
      if (script === null || script.startsWith('node:')) continue
      return `${part.name}${part.slot}`
    }
    return null
  }

  #emitterOn(finding: Finding, end: StepKey | null): WaitsFor | null {
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

  #ofRoot(finding: Finding, root: FoundEnd): WaitsFor {
    if (!this.#holdsStill(finding, root.key)) return moved()
    const emitter = this.#emitterOn(finding, root.key)
    if (emitter !== null) return emitter
    const { paths } = this.#context
    const heldThrough = paths.text(finding, root.key)
    const reader = this.#classOn(finding, root.key, (name) => STREAMS.test(name))
    if (reader !== null) {
      const name = this.#context.objects.className(reader)
      return { kind: 'stream', summary: `data from ${name}`, owner: name, heldThrough }
    }
    if (this.#scopesNative(root)) return { kind: 'unknown', summary: 'Atomics.waitAsync', heldThrough }
    const user = this.#resourceUsing(finding, root)
    if (user !== null) {
      const summary = `${user.summary}, which settles what ${heldThrough} holds`
      return { ...user, summary, heldThrough }
    }
    const parts = paths.parts(finding, root.key)
    if (this.#isTable(finding)) {
      return {
        kind: 'unknown',
        summary: `an entry of ${heldThrough}: nothing was seen that would settle it`,
        heldThrough,
        ...this.#ownerPart(parts),
      }
    }
    if (this.#context.locks.queueOf(finding) !== 0 && this.#isOnWay(finding, root.key)) {
      return this.#lock(finding, parts, heldThrough, root)
    }
    return { kind: 'unknown', summary: `its resolve function is held by ${heldThrough}`, heldThrough }
  }

  #scopesNative(root: FoundEnd): boolean {
    return this.#context.scopes.isNativeContextType(this.#heap.typeOf(objectOf(root.key)))
  }

  /** A Map of resolvers by key waits for answers; a queue that is a lock is an array, a list or a Set. */
  #isTable(finding: Finding): boolean {
    const queue = this.#context.locks.queueOf(finding)
    return this.#heap.is(queue, 'JS_MAP') && this.#context.locks.cycleOf(finding) === null
  }

  #ownerPart(parts: readonly PathPart[]): { readonly owner?: string } {
    const owner = this.#ownerOn(parts, '')
    return owner === null ? {} : { owner }
  }

  #isOnWay(finding: Finding, end: StepKey): boolean {
    const { types } = this.#heap
    return stepsDown(finding, end).some((key) => {
      const type = finding.steps.get(key)?.type
      return type === types.JS_ARRAY || type === types.JS_MAP || type === types.JS_SET
    })
  }

  /** A resource with a closure that mentions the module's variable: it can take the resolver out of it. */
  #resourceUsing(finding: Finding, root: FoundEnd): Omit<WaitsFor, 'heldThrough'> | null {
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

  #lock(finding: Finding, parts: readonly PathPart[], heldThrough: string, root: FoundEnd | null = null): WaitsFor {
    const { locks } = this.#context
    const owner = this.#ownerOn(parts, '')
    const cycle = locks.cycleOf(finding)
    const holders = locks.holdersOf(finding).map((holder) => holder.generator)
    const users = holders.length > 0 || root === null ? [] : this.#usersOf(finding, root)
    const named = distinct([...holders, ...users].flatMap((generator) => this.#holder(generator))).slice(0, MAX_HOLDERS)
    const deadlock = cycle === null ? undefined : cycle.map((generator) => this.#label(generator))
    const summary =
      deadlock !== undefined
        ? `deadlock: ${deadlock.join(' -> ')} -> back to this wait`
        : `${owner === null ? 'a queue of user code' : `${owner}, a queue of user code`}${named.length === 0 ? '' : `, which ${named.map((holder) => holder.function ?? '(anonymous)').join(', ')} can reach`}`
    return {
      kind: 'lock',
      summary,
      ...(owner === null ? {} : { owner }),
      heldThrough,
      ...(named.length === 0 ? {} : { holders: named }),
      ...(deadlock === undefined ? {} : { deadlock }),
      ...(users.length === 0
        ? {}
        : { doubt: 'the holders named mention the variable; whether they took the lock is not known' }),
    }
  }

  /** Suspended functions whose code mentions the module's variable, and that do not wait in the same queue. */
  #usersOf(finding: Finding, root: FoundEnd): Tagged[] {
    const variable = finding.steps.get(root.key)?.variable
    if (variable === undefined || variable === '') return []
    const { locks, suspended, scopes } = this.#context
    const file = this.#fileOfModule(objectOf(root.key))
    const queue = locks.queueOf(finding)
    const fn = this.#heap.layout.generator.function
    return suspended.list.flatMap((one): Tagged[] => {
      if (one.awaits === 0 || one.function.script?.address !== file) return []
      if (!scopes.mentions(this.#heap.field(one.generator, fn), variable)) return []
      const bottom = locks.bottomOf(one.generator)
      const waits = locks.findingOf(bottom)
      if (waits === null && locks.isFellow(finding, one.generator)) return []
      if (bottom === finding.promise || (waits !== null && locks.queueOf(waits) === queue)) return []
      return [one.generator]
    })
  }

  /** Script of the module that a scope belongs to: that of any suspended function in it. */
  #fileOfModule(module: Tagged): Tagged {
    const { suspended, scopes } = this.#context
    const { layout } = this.#heap
    for (const one of suspended.list.slice(0, 5_000)) {
      let context = this.#heap.functionContext(this.#heap.field(one.generator, layout.generator.function))
      for (let depth = 0; depth < 20 && this.#heap.isContext(context); depth++) {
        if (context === module) return one.function.script?.address ?? 0
        if (scopes.isNativeContextType(this.#heap.typeOf(context))) break
        context = this.#heap.contextSlot(context, layout.context.previousIndex)
      }
    }
    return 0
  }

  /** Only suspended functions hold the resolver: what they wait for is what this one waits for. */
  #ofHolders(finding: Finding): WaitsFor {
    const { locks, paths } = this.#context
    const holders = locks.holdersOf(finding)
    const first = finding.holders[0] ?? 0
    const heldThrough = paths.text(finding, first)
    if (locks.queueOf(finding) !== 0 && locks.cycleOf(finding) !== null) {
      return this.#lock(finding, paths.parts(finding, first), heldThrough)
    }
    for (const holder of holders) {
      if (holder.waits === null || !hasResource(holder.waits)) continue
      const inner = this.#judge(holder.waits)
      if (inner.kind === 'unknown' || inner.kind === 'nothing') continue
      return { ...inner, summary: `${inner.summary}, through ${this.#label(holder.generator)}` }
    }
    if (locks.queueOf(finding) !== 0 && holders.length > 0) {
      return this.#lock(finding, paths.parts(finding, holders[0]?.key ?? first), heldThrough)
    }
    if (holders.length === 0) return this.#nothing(finding, 'only its own callers hold its resolver')
    const named = holders.slice(0, MAX_HOLDERS).flatMap((holder) => this.#holder(holder.generator))
    return {
      kind: 'await',
      summary: `settled by ${this.#label(holders[0]?.generator ?? 0)}, which is suspended itself`,
      heldThrough,
      holders: named,
    }
  }

  #ofFunction(finding: Finding, end: FoundEnd): WaitsFor {
    const heldThrough = this.#context.paths.text(finding, end.key)
    if (end.kind === 'module')
      return { kind: 'await', summary: 'the evaluation of a module (a top-level await)', heldThrough }
    return { kind: 'await', summary: `the end of ${this.#label(objectOf(end.key))}`, heldThrough }
  }

  #holder(generator: Tagged): WaitHolder[] {
    const index = this.#context.suspended.byGenerator.get(generator)
    const one = index === undefined ? undefined : this.#context.suspended.list[index]
    if (one === undefined) return []
    return [
      {
        function: one.function.name,
        file: scriptPath(one.function.script?.name ?? null),
        line: one.place?.line ?? null,
        column: one.place?.column ?? null,
      },
    ]
  }

  #label(generator: Tagged): string {
    const [holder] = this.#holder(generator)
    if (holder === undefined) return 'a suspended function'
    const file = holder.file === null ? '' : ` ${holder.file.replace(/^.*\//, '')}`
    return `${holder.function ?? '(anonymous)'}${file}${holder.line === null ? '' : `:${holder.line}`}`
  }

  /** Every reference of the path, read once more. */
  #holdsStill(finding: Finding, end: StepKey): boolean {
    const chain = stepsDown(finding, end)
    for (let i = 0; i + 1 < chain.length; i++) {
      const key = chain[i] ?? 0
      const step = finding.steps.get(key)
      const below = objectOf(chain[i + 1] ?? 0)
      if (step === null || step === undefined) return false
      const value = this.#heap.field(objectOf(key), step.offset)
      if (value === below || this.#context.scopes.unwrapCell(value) === below) continue
      // A forward step over several scopes: the closure reaches the inner one through its context chain.
      if (this.#heap.isFunctionType(step.type) || this.#heap.isContextType(step.type)) continue
      return false
    }
    return true
  }
}

function distinct(holders: readonly WaitHolder[]): WaitHolder[] {
  const seen = new Map(
    holders.map((holder) => [`${holder.function}:${holder.file}:${holder.line}:${holder.column}`, holder]),
  )
  return [...seen.values()]
}

function moved(): WaitsFor {
  return { kind: 'unknown', summary: 'it changed while it was read' }
}
