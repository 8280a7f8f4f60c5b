/**
 * From what a search came upon to the one thing that is said of a leaf: the nearest resource, else the lock or emitter
 * that holds its resolver, else nothing alive. Each path is read again before it is named; one that is not there any
 * more names nothing.
 */
import type { WaitFacts, WaitOf } from '../../model/wait.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { JudgeContext } from './judge-context.js'
import { leftWith } from './left-with.js'
import { listWait } from './listener-lists.js'
import { lostReply } from './lost-replies.js'
import { iteratorWait } from './event-iterators.js'
import type { LockHolder } from './locks.js'
import { LockWaits, MAX_HOLDERS } from './lock-waits.js'
import type { HeapPathPart } from './heap-path-part.js'
import { isOfWebStream, plainParts } from './paths.js'
import { ModuleWaits } from './module-waits.js'
import { nextTry } from './next-try.js'
import { ownSlots } from './own-slots.js'
import { givenSinceMs, queuedTask } from './pooled-tasks.js'
import { Queues } from './queues.js'
import { SelfDeadlocks } from './self-deadlock.js'
import { streamWait } from './stream-waits.js'
import { ownTextOf } from './own-text.js'
import { fakeClockOn } from './fake-clocks.js'
import { STREAMS, WaitDescriptions } from './wait-descriptions.js'
import { objectOf, stepsDown, type Finding, type FoundEnd, type StepKey } from '../search/wait-search.js'
import { closureOf, receiverOf } from '../../v8/objects/suspended-frame.js'

/** A child's exit says more than the pipe of its output; a timer or signal is seldom what one really waits for. */
const RANK: ReadonlyMap<string, number> = new Map([
  ['ChildProcess', -6],
  ['Timeout', 3],
  ['AbortSignal', 4],
])

/** Of such a wait of what it runs, the function that waits says more. */
const OF_FUNCTIONS: ReadonlySet<string> = new Set(['unknown', 'nothing', 'lock', 'await'])
/** lib/internal/webstreams/readablestream.js: reads that wait for the next chunk of a web stream. */
const READ_REQUESTS = /^\.read(?:Into)?Requests$/

export class WaitJudge {
  readonly #context: JudgeContext
  readonly #heap: V8Heap
  readonly #descriptions: WaitDescriptions
  readonly #locks: LockWaits
  readonly #queues: Queues
  readonly #modules: ModuleWaits
  readonly #selfDeadlocks: SelfDeadlocks
  readonly #settledByEnds = new Map<Tagged, readonly Tagged[]>()

  constructor(context: JudgeContext) {
    this.#context = context
    this.#heap = context.objects.heap
    this.#descriptions = new WaitDescriptions(context)
    this.#queues = new Queues(context)
    context.locks.toldBy((finding) => {
      const kind = this.#queues.waitIn(finding)?.kind
      return kind === 'pool' || kind === 'buffer' ? kind : null
    })
    this.#modules = new ModuleWaits(context)
    this.#selfDeadlocks = new SelfDeadlocks(context.objects, context.scopes, context.suspended, context.locks)
    this.#locks = new LockWaits(context, this.#descriptions, this.#selfDeadlocks)
  }

  /** By promise that was judged: the functions whose ends settle it by hand (`then(resolve)`), where nothing else may. */
  get settledByEnds(): ReadonlyMap<Tagged, readonly Tagged[]> {
    return this.#settledByEnds
  }

  judge(finding: Finding, guard: Finding | null): WaitFacts {
    const judged = this.#judge(finding, guard)
    if (judged.kind === 'timer') return nextTry(this.#context, finding, judged) ?? judged
    const slots = ownSlots(this.#context, finding, judged)
    const wait = this.#withCode(finding, slots === null || judged.kind !== 'emitter' ? judged : { ...judged, slots })
    const timer = this.#guardOf(finding) ?? (guard === null ? null : this.#guardOf(guard))
    if (timer === null) return wait
    const { dueInMs, sinceMs } = timer
    return {
      ...wait,
      guard: {
        ...(dueInMs === undefined ? {} : { dueInMs }),
        ...(dueInMs === undefined || sinceMs === undefined ? {} : { afterMs: dueInMs + sinceMs }),
      },
    }
  }

  #withCode(finding: Finding, judged: WaitFacts): WaitFacts {
    const ownCode = this.#isOwnCode(finding, judged)
    const wait = ownCode ? { ...judged, ownCode: true as const } : judged
    if (wait.kind !== 'lock' || wait.holders !== undefined || wait.links !== undefined) return wait
    const left = leftWith(this.#context, finding, ownCode)
    return left === null ? wait : { ...wait, left }
  }

  /**
   * Whether the function that awaits it is a method of the queue's owner, or closes over the queue itself: not one of an
   * object that has several locks, unless it makes the promise.
   */
  #isOwnCode(finding: Finding, { kind }: WaitFacts): boolean {
    if (kind !== 'lock' && kind !== 'pool') return false
    const waiter = this.#context.locks.chains.firstAwaiting(finding.promise)
    if (waiter === undefined) return false
    if (this.#context.locks.isHeldByOwnCode(finding)) return true
    const receiver = receiverOf(this.#heap, waiter)
    const scope = this.#heap.functionContext(closureOf(this.#heap, waiter))
    const owners = this.#context.locks.ownersOf(finding)
    const isNear = owners.length === 0 || owners.includes(receiver) || owners.includes(scope)
    if (!isNear && !/\bnew Promise\b|\bwithResolvers\b/.test(ownTextOf(waiter)?.text ?? '')) return false
    for (const [key, step] of finding.steps) {
      const object = objectOf(key)
      if (step === null || (object !== receiver && object !== scope)) continue
      if (!this.#context.scopes.isModuleScope(object, step.type)) return true
    }
    return false
  }

  /** The timer that only bounds it. */
  #guardOf(finding: Finding): WaitFacts | null {
    const end = this.#nearestEnd(finding, true)
    const described = end === null ? null : this.#descriptions.describeEnd(finding, end)
    return described?.kind === 'timer' ? described : null
  }

  #judge(finding: Finding, guard: Finding | null = null): WaitFacts {
    const found = this.#found(finding)
    const sinceMs = found.kind === 'worker' ? givenSinceMs(this.#context, finding) : null
    const judged = found.kind === 'worker' && sinceMs !== null ? { ...found, sinceMs } : found
    return streamWait(this.#context, finding, judged, guard) ?? judged
  }

  #found(finding: Finding): WaitFacts {
    const itself = this.#selfDeadlocks.of(finding)
    if (itself !== null) {
      const key =
        finding.ends.find((end) => end.kind === 'root')?.key ?? finding.holders[0] ?? finding.ends[0]?.key ?? 0
      return this.#locks.reentrant(finding, key, itself)
    }
    const call = this.#context.callWait(finding.promise)
    if (call !== null) return call
    const queued = queuedTask(this.#context, finding) ?? this.#queues.waitIn(finding)
    if (queued !== null) return queued
    const end = this.#nearestEnd(finding, false)
    if (end !== null && !finding.unusable) {
      if (!this.#holdsStill(finding, end.key)) return moved()
      const iterator = this.#iteratorWait(finding, end.key)
      if (iterator?.over !== undefined) return iterator
      const described = this.#descriptions.describeEnd(finding, end)
      if (described !== null) return described
    }
    if (finding.unusable) return this.#descriptions.overOn(finding) ?? this.#nothing(finding, 'unused-scopes')
    const runner = this.#context.locks.runnerOf(finding)
    if (runner !== null) return this.#ofRunner(finding, runner)
    const root = finding.ends.find((found) => found.kind === 'root')
    if (root !== undefined) return this.#ofRoot(finding, root)
    const evaluations = finding.ends.filter((found) => found.kind === 'module' || found.kind === 'function')
    const isListed = ({ key }: FoundEnd): boolean => this.#context.suspended.byGenerator.has(objectOf(key))
    const evaluation = evaluations.find(isListed) ?? evaluations[0]
    if (evaluation !== undefined) {
      if (evaluations.every(({ kind }) => kind === 'function') && this.#nearestEnd(finding, true) === null)
        this.#settledByEnds.set(
          finding.promise,
          // Others have ended, and settle nothing any more.
          evaluations.filter(isListed).map(({ key }) => objectOf(key)),
        )
      return this.#ofFunction(finding, evaluation)
    }
    const [holder] = finding.holders
    const over =
      this.#descriptions.overOn(finding) ??
      (holder === undefined ? null : this.#descriptions.closedOn(finding, holder)) ??
      this.#iteratorWait(finding, holder)
    if (over !== null) return over
    const far = finding.waypoints.at(-1)
    const closed = far === undefined ? null : this.#descriptions.closedOn(finding, far)
    if (closed !== null) return closed
    const emitter = this.#descriptions.emitterOn(finding, null)
    if (emitter !== null && finding.holders.length > 0) return emitter
    if (finding.holders.length > 0) return this.#ofHolders(finding)
    if ([...finding.steps.keys()].some((key) => this.#context.strong.has(objectOf(key)))) {
      return { kind: 'unknown', why: 'native-code' }
    }
    const guard = this.#nearestEnd(finding, true)
    if (guard !== null) return this.#timerOnly(finding, guard)
    return this.#nothing(finding, 'no-settler')
  }

  #nothing(finding: Finding, why: NonNullable<WaitOf<'nothing'>['why']>): WaitFacts {
    if (finding.capped) {
      return { kind: 'unknown', why: 'no-settler', unproved: 'holders-not-followed', cutShort: true }
    }
    if (!this.#context.controlled) {
      return { kind: 'unknown', why: 'no-settler', unproved: 'search-not-proved' }
    }
    const stray = [...finding.steps.keys()].some((key) => this.#context.stray.has(objectOf(key)))
    return { kind: 'nothing', why, ...(stray ? { unproved: 'stray-word' } : {}) }
  }

  /** @param guards among timers and signals that only bound the wait, or among all others */
  #nearestEnd(finding: Finding, guards: boolean): FoundEnd | null {
    const { objects } = this.#context
    let best: FoundEnd | null = null
    let bestRank = Number.MAX_SAFE_INTEGER
    for (const end of finding.ends) {
      if (end.kind !== 'resource' && end.kind !== 'native') continue
      if (this.#context.timers.isGuard(finding, end) !== guards) continue
      const depth = finding.steps.get(end.key)?.depth ?? 0
      const rank = depth + (RANK.get(objects.className(objectOf(end.key))) ?? 0)
      if (rank >= bestRank) continue
      best = end
      bestRank = rank
    }
    return best
  }

  #ofRoot(finding: Finding, root: FoundEnd): WaitFacts {
    if (!this.#holdsStill(finding, root.key)) return moved()
    const emitter =
      this.#descriptions.closedOn(finding, root.key) ??
      this.#iteratorWait(finding, root.key) ??
      this.#descriptions.emitterOn(finding, root.key)
    if (emitter !== null) return emitter
    const { paths } = this.#context
    const parts = paths.parts(finding, root.key)
    const way = { parts: plainParts(parts) }
    const reader = this.#descriptions.classOn(finding, root.key, (name) => STREAMS.test(name))
    if (reader !== null) {
      const name = this.#context.objects.className(reader)
      // The callback of a write is kept in the state of the side that is written to.
      const isWrite = parts.some(({ slot }) => slot === '._writableState')
      return { kind: 'stream', ...(isWrite ? {} : { data: true as const }), owner: name, ...way }
    }
    const lost = lostReply(this.#context, parts)
    if (lost !== null) return lost
    const requested = parts.find(({ slot }) => READ_REQUESTS.test(slot))
    if (requested !== undefined) return { kind: 'stream', data: true, owner: 'ReadableStream', ...way }
    if (parts.some(isOfWebStream)) return { kind: 'stream', event: 'close', owner: 'ReadableStream', ...way }
    if (this.#scopesNative(root)) return { kind: 'unknown', why: 'atomics', ...way }
    const user = this.#descriptions.resourceUsing(finding, root)
    if (user !== null) return { ...user, byVariable: true, ...way }
    const clock = fakeClockOn(this.#context.objects, parts)
    if (clock !== null) return { kind: 'unknown', why: 'fake-timer', owner: clock, ...way }
    if (this.#locks.isTable(finding)) {
      return {
        kind: 'unknown',
        why: 'entry',
        ...way,
        ...this.#ownerPart(parts),
      }
    }
    if (this.#context.locks.queueOf(finding) !== 0 && this.#locks.isOnWay(finding, root.key)) {
      const list = listWait(this.#context, parts)
      if (list !== null) return list
      return this.#locks.lock(finding, parts, root)
    }
    return { kind: 'unknown', why: 'held', ...way }
  }

  #iteratorWait(finding: Finding, end: StepKey | undefined): WaitOf<'stream' | 'emitter'> | null {
    return end === undefined ? null : iteratorWait(this.#context, finding, end)
  }

  #scopesNative(root: FoundEnd): boolean {
    return this.#context.scopes.isNativeContextType(this.#heap.typeOf(objectOf(root.key)))
  }

  #ownerPart(parts: readonly HeapPathPart[]): { readonly owner?: string } {
    const owner = this.#descriptions.ownerOn(parts)
    return owner === null ? {} : { owner }
  }

  /** Only suspended functions hold the resolver: what they wait for is what this one waits for. */
  #ofHolders(finding: Finding): WaitFacts {
    const { locks, paths } = this.#context
    const holders = locks.holdersOf(finding)
    const first = finding.holders[0] ?? 0
    if (locks.cycleOf(finding) !== null) {
      return this.#locks.lock(finding, paths.parts(finding, first))
    }
    for (const holder of holders) {
      if (holder.waits === null || !locks.hasResource(holder.waits)) continue
      const inner = this.#judge(holder.waits)
      if (inner.kind === 'unknown' || inner.kind === 'nothing') continue
      return this.#through(inner, holder.generator)
    }
    for (const holder of holders) {
      const inner = holder.waits === null ? null : this.#queues.waitIn(holder.waits)
      if (inner !== null) return this.#through(inner, holder.generator)
    }
    if (locks.queueOf(finding) !== 0 && holders.some(({ key }) => locks.passesQueue(finding, key))) {
      return this.#locks.lock(finding, paths.parts(finding, holders[0]?.key ?? first))
    }
    if (holders.length === 0) return this.#byTimer(finding) ?? this.#nothing(finding, 'own-callers')
    const named = holders.slice(0, MAX_HOLDERS).flatMap((holder) => this.#locks.holder(holder.generator))
    return {
      kind: 'await',
      until: 'settled',
      by: this.#context.place(holders[0]?.generator ?? 0)[0] ?? null,
      parts: plainParts(paths.parts(finding, first)),
      holders: named,
    }
  }

  /**
   * A timer that leads to its resolver through a queue may take it out of there, and so may what its callback calls: then it is no
   * mere deadline.
   */
  #byTimer(finding: Finding): WaitFacts | null {
    const end = finding.rejectsOnly ? null : this.#nearestEnd(finding, true)
    if (end === null) return null
    if (!this.#locks.isOnWay(finding, end.key) && !this.#context.timers.mayCall(finding, end)) return null
    return this.#timerOnly(finding, end)
  }

  #timerOnly(finding: Finding, { key }: FoundEnd): WaitFacts {
    return { kind: 'unknown', why: 'timer-only', parts: plainParts(this.#context.paths.parts(finding, key)) }
  }

  /** Its turn has come: what runs it waits for what it runs. */
  #ofRunner(finding: Finding, { key, generator, waits }: LockHolder): WaitFacts {
    const { locks, paths, place } = this.#context
    if (waits !== null && (locks.hasResource(waits) || locks.runnerOf(waits) === null)) {
      const inner = this.#judge(waits)
      if (!OF_FUNCTIONS.has(inner.kind)) return this.#through(inner, generator)
    }
    const task = this.#selfDeadlocks.taskBelow(generator)
    return { kind: 'await', until: 'settled', by: place(task)[0] ?? null, parts: plainParts(paths.parts(finding, key)) }
  }

  /** The same wait, reached through a suspended function; one that has no place is left out. */
  #through(inner: WaitFacts, generator: Tagged): WaitFacts {
    return { ...inner, through: [...(inner.through ?? []), ...this.#context.place(generator)] }
  }

  #ofFunction(finding: Finding, end: FoundEnd): WaitFacts {
    const { paths } = this.#context
    const way = { parts: plainParts(paths.parts(finding, end.key)) }
    if (end.kind === 'module') return { ...this.#modules.wait(finding.promise, objectOf(end.key)), ...way }
    const generator = objectOf(end.key)
    const changed = this.#context.suspended.moving.has(generator) ? { changed: true as const } : {}
    return { kind: 'await', until: 'end', by: this.#context.place(generator)[0] ?? null, ...changed, ...way }
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

/** What is said of a wait that went on during the look. */
export function moved(): WaitFacts {
  return { kind: 'unknown', why: 'moved', cutShort: true, changed: true }
}
