/**
 * Locks: promises whose resolvers lie in a queue of user code, be it an array, a Map, a Set or a linked list. Who can
 * take them out of it are the suspended functions that can reach the queue; when such a holder waits, through its own
 * chain, in another queue that leads back, it is a deadlock. No wait in a cycle may have a live resource, and each must
 * pass a queue: else a reader inside fetch would count as a lock.
 */
import type { Suspended, SuspendedFunctions } from '../scan/suspended.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { objectOf, stepsDown, type Finding, type FoundEnd, type StepKey } from '../search/wait-search.js'
import { AwaitChains } from './await-chains.js'
import { LinkedLists } from './linked-lists.js'
import { packageOf } from '../../source/origin.js'
import { withoutTexts } from '../../source/blocks.js'
import { PassedTurns } from './passed-turns.js'
import { isOfWebStream, type Paths } from './paths.js'
import { QueuesOnWays } from './queues-on-ways.js'
import { callsEach, GIVES_BACK, turnTaken, type TurnTaken } from '../../source/turn-mentions.js'
import { ownTextOf, type OwnText } from './own-text.js'
import type { TimerPaths } from './timer-paths.js'
import { TurnTakers, type TurnTaker } from './turn-takers.js'
import { closureOf, receiverOf } from '../../v8/objects/suspended-frame.js'

/** From a suspended function to a function among its variables: the function, its registers or scope, and one scope more. */
const MAX_TO_RELEASE = 3
/** Of the ways to a promise that are looked at. */
const MAX_WAYS = 4
const MAX_RELEASE = 2_000
const MAX_END = 10_000

export interface LockHolder {
  readonly key: StepKey
  readonly generator: Tagged
  readonly waits: Finding | null
}

export class Locks {
  readonly chains: AwaitChains
  readonly passed = new PassedTurns()
  readonly #objects: Objects
  readonly #heap: V8Heap
  readonly #suspended: SuspendedFunctions
  readonly #findings: ReadonlyMap<Tagged, Finding>
  readonly #timers: TimerPaths
  readonly #paths: Paths
  readonly #lists: LinkedLists
  readonly #takers: TurnTakers
  readonly #queues: QueuesOnWays
  #queueKind: (finding: Finding) => 'pool' | 'buffer' | null = () => null
  /** By code and place. */
  readonly #texts = new Map<string, OwnText | null>()

  constructor(
    objects: Objects,
    suspended: SuspendedFunctions,
    findings: ReadonlyMap<Tagged, Finding>,
    timers: TimerPaths,
    paths: Paths,
  ) {
    this.#objects = objects
    this.#heap = objects.heap
    this.#suspended = suspended
    this.#findings = findings
    this.#timers = timers
    this.#paths = paths
    this.#lists = new LinkedLists(objects)
    this.#queues = new QueuesOnWays(objects.heap, this.#lists)
    this.chains = AwaitChains.of(suspended)
    this.#takers = new TurnTakers(objects, this.chains)
  }

  /**
   * The queue nearest to the promise through which its resolver is held: a collection, or what a list hangs on; else 0.
   * Of a table of queues by key it is the table: one who waits for one key reaches the queues of all the others.
   */
  queueOf(finding: Finding): Tagged {
    return this.#queues.of(finding).queue
  }

  /** The collection itself, which in a table is one of several. */
  nearestQueueOf(finding: Finding): Tagged {
    return this.#queues.of(finding).nearest
  }

  /** Whether the queue is one of several in a table: what waits there for one key does not wait for another. */
  isKeyed(finding: Finding): boolean {
    const { queue, nearest } = this.#queues.of(finding)
    return queue !== nearest
  }

  /** How many queues of one table somebody waits in. */
  queuesIn(table: Tagged): number {
    const waits = [...this.#findings.values()].filter((each) => this.queueOf(each) === table)
    return new Set(waits.map((each) => this.nearestQueueOf(each))).size
  }

  /** Whether the queue is an emitter's list of listeners, or lies above a web stream: nobody takes turns there. */
  isOfListeners(finding: Finding): boolean {
    const keys = [...finding.ends.map(({ key }) => key), ...finding.holders].slice(0, MAX_WAYS)
    return keys.some((key) =>
      this.#paths.parts(finding, key).some((part) => part.slot === '._events' || isOfWebStream(part)),
    )
  }

  /** Whether the lock is one of several that are kept together: who has passed one of them may hold another. */
  isOneOfMany(finding: Finding): boolean {
    return this.#lists.isOneOfMany(finding, this.nearestQueueOf(finding))
  }

  /** File of a function's code. */
  scriptOf(fn: Tagged): string | null {
    return scriptPath(this.#objects.functions.ofFunction(fn)?.script?.name ?? null)
  }

  isNode(object: Tagged, type: number): boolean {
    return this.#lists.isNode(object, type)
  }

  findingOf(promise: Tagged): Finding | null {
    return this.#findings.get(promise) ?? null
  }

  /** Something of the world outside can settle it by itself: no timer that only bounds it, and no server that listens. */
  hasResource(finding: Finding): boolean {
    return finding.ends.some((end) => this.#settles(finding, end))
  }

  #settles(finding: Finding, end: FoundEnd): boolean {
    if (end.kind !== 'resource' && end.kind !== 'native') return false
    return !this.#timers.isGuard(finding, end) && this.#objects.className(objectOf(end.key)) !== 'Server'
  }

  /**
   * A suspended function that reaches the resolver and not the queue: the entry was taken out of there and given to it, and
   * who waits waits for it, whoever else can reach the queue. Null: the entry waits for its turn, as far as one can tell.
   */
  runnerOf(finding: Finding): LockHolder | null {
    return this.queueOf(finding) === 0 ? null : (this.#runnersAmong(finding, this.#holdersOf(finding))[0] ?? null)
  }

  #runnersAmong(finding: Finding, holders: readonly LockHolder[]): LockHolder[] {
    const { queue, nearest } = this.#queues.of(finding)
    if (queue === 0) return []
    return holders.filter(({ key, generator, waits }) => {
      if (waits !== null && this.#settlesAll(finding, generator, queue)) return true
      // Only a package that runs the functions of others is sure to call it when it goes on.
      if (waits === null || packageOf(this.#fileOf(generator)) === null) return false
      const way = stepsDown(finding, key)
      return !way.some((each) => {
        const object = objectOf(each)
        return object === queue || object === nearest || this.isNode(object, finding.steps.get(each)?.type ?? -1)
      })
    })
  }

  /**
   * Its end runs a function that calls every entry of the list, as of a batch (dataloader): nobody takes turns there, and
   * who waits waits for what that function does.
   */
  #settlesAll(finding: Finding, generator: Tagged, queue: Tagged): boolean {
    const results = this.#at(generator)?.results ?? []
    return results.some((promise) => {
      const [, reaction = 0, closure = 0, ...rest] = stepsDown(finding, promise)
      if (finding.steps.get(reaction)?.type !== this.#heap.types.PROMISE_REACTION) return false
      if (!this.#heap.isFunction(objectOf(closure)) || !rest.some((each) => objectOf(each) === queue)) return false
      const parts = this.#paths.parts(finding, closure)
      const slot = parts[parts.findIndex(({ object }) => object === queue) - 1]?.slot
      const name = /^[.{]#?([\w$]+)\}?$/.exec(slot ?? '')?.[1]
      const info = this.#objects.functions.ofFunction(objectOf(closure))
      if (name === undefined || info?.script == null || info.start < 0) return false
      return callsEach(info.script.source(info.start, Math.min(info.end - info.start, MAX_END)) ?? '', name)
    })
  }

  /** Holders that do not themselves wait in the same queue, each with what it waits for. */
  holdersOf(finding: Finding): LockHolder[] {
    const holders = this.#holdersOf(finding)
    const runners = this.#runnersAmong(finding, holders)
    return runners.length > 0 ? runners : holders
  }

  #holdersOf(finding: Finding): LockHolder[] {
    const queue = this.queueOf(finding)
    return finding.holders.flatMap((key) => {
      const generator = objectOf(key)
      const bottom = this.chains.bottomOf(generator)
      // A plain generator that no promise steps waits for nothing: who steps it was followed.
      if (this.#heap.is(generator, 'JS_GENERATOR_OBJECT') && bottom === 0) return []
      if (bottom === finding.promise) return []
      const waits = this.#findings.get(bottom) ?? null
      // Five philosophers wait at one line too: alike counts only for those whose own wait was not searched.
      if (waits === null && this.isFellow(finding, generator)) return []
      if (waits !== null && queue !== 0 && this.queueOf(waits) === queue) return []
      const named = this.#mayHold(finding, key, queue)
      // What is named further on is no lock where the way to it passes no queue: `await shutdown()`, which resolves the promise.
      // Nor is a table of answers by key one.
      const isLock = this.passesQueue(finding, key) && !this.#heap.is(this.nearestQueueOf(finding), 'JS_MAP')
      const taken = named === 'no' && !isLock ? 'unknown' : named
      // It waits for its own turn or task, with nothing of its code between: a limiter's caller has no turn.
      const isCaller = waits !== null && this.isTaking(generator, waits, taken)
      return taken === 'no' || isCaller ? [] : [{ key, generator, waits }]
    })
  }

  #fileOf(generator: Tagged): string | null {
    const one = this.#at(generator)
    return this.scriptOf(closureOf(this.#heap, one ?? { generator }))
  }

  /**
   * Whether it waits there for a turn with nothing of its code between: itself or through that lock's own code, which has no turn
   * of any other lock.
   */
  isTaking(generator: Tagged, waits: Finding, taken: TurnTaken): boolean {
    if (taken === 'here' && waits.promise === this.#at(generator)?.awaits) return true
    const taker = this.#takers.of(waits, this.ownersOf(waits)).find(({ one }) => one.generator === generator)
    return taker !== undefined && (taken === 'here' || taker.ofOwner)
  }

  /** Of those who may hold it the ones whose code names it before they wait, where there are any. */
  namedHoldersOf(finding: Finding): Tagged[] {
    const queue = this.queueOf(finding)
    const all = this.holdersOf(finding)
    const named = all.filter(({ key }) => this.#mayHold(finding, key, queue) === 'named')
    return (named.length === 0 ? all : named).map(({ generator }) => generator)
  }

  /** Whether the holder has, among its own variables, a function of somebody else's that gives a turn of the queue back. */
  hasRelease(finding: Finding, key: StepKey, queue: Tagged): boolean {
    const one = this.#at(objectOf(key))
    const chain = stepsDown(finding, key)
    const at = chain.findIndex((each) => this.#heap.isFunctionType(finding.steps.get(each)?.type ?? -1))
    if (one === undefined || at < 0 || at > MAX_TO_RELEASE) return false
    // What lies between are the variables of the holder: no objects that it knows, and not the scope that it is declared in, where
    // the functions that give back are there for all, whoever has a turn.
    const outer = this.#heap.functionContext(closureOf(this.#heap, one))
    const isOwn = (each: StepKey): boolean => objectOf(each) !== outer && this.#isOwnVariables(finding, each)
    if (!chain.slice(1, at).every(isOwn)) return false
    if (!chain.slice(at).some((each) => objectOf(each) === queue)) return false
    const info = this.#objects.functions.ofFunction(objectOf(chain[at] ?? 0))
    if (info === null || info.script === null || info.start < 0 || info.end - info.start > MAX_RELEASE) return false
    const { script, start, end } = one.function
    if (info.script.address === script?.address && info.start >= start && info.end <= end) return false
    return GIVES_BACK.test(`${info.name ?? ''} ${info.script.source(info.start, info.end - info.start) ?? ''}`)
  }

  #isOwnVariables(finding: Finding, key: StepKey): boolean {
    const type = finding.steps.get(key)?.type ?? -1
    return this.#objects.isFixedArrayType(type) || this.#heap.isContextType(type)
  }

  /** What has the queue as its own: the objects and scopes nearest above it. */
  ownersOf(finding: Finding): Tagged[] {
    const nearest = this.nearestQueueOf(finding)
    if (nearest === 0) return []
    // A list has no collection: it is known by what it hangs on.
    return this.#heap.isCollection(nearest) ? this.#lists.ownersOf(finding, nearest) : [nearest]
  }

  /** Whether the function can have passed where it takes a turn, by the names on its way to the queue. */
  #mayHold(finding: Finding, key: StepKey, queue: Tagged): TurnTaken {
    const one = this.#at(objectOf(key))
    if (one === undefined || queue === 0) return 'unknown'
    const parts = this.#paths.parts(finding, key)
    const at = parts.findIndex(({ object }) => object === queue)
    const names = parts
      .slice(0, at < 0 ? parts.length : at)
      .flatMap(({ slot }) => /^[.{]#?([\w$]+)\}?$/.exec(slot)?.[1] ?? [])
    return this.turnOf(one, names)
  }

  /** Whether a function can have passed where it takes a turn of what goes by these names, by its text. */
  turnOf(one: Suspended, names: readonly string[]): TurnTaken {
    const place = `${one.function.address}:${one.continuation}`
    let found = this.#texts.get(place)
    if (found === undefined) {
      const own = ownTextOf(one)
      found = own === null ? null : { ...own, text: withoutTexts(own.text) }
      this.#texts.set(place, found)
    }
    return found === null ? 'unknown' : turnTaken(found.text, found.at, names)
  }

  /** Without a queue: whether those who hold it run the code of the one who waits, which is the lock's own then. */
  isHeldByOwnCode(finding: Finding): boolean {
    const waiter = this.chains.firstAwaiting(finding.promise)
    if (waiter === undefined || this.queueOf(finding) !== 0) return false
    return finding.holders.some((key) => {
      const one = this.#at(objectOf(key))
      return one?.function.address === waiter.function.address
    })
  }

  /** Whether a function waits at the very await that this wait belongs to: one more in the queue, not its holder. */
  isFellow(finding: Finding, generator: Tagged): boolean {
    // The queue's own code may hand its promise on, and be over.
    const own = this.chains.lastAwaiting(finding.promise) ?? this.chains.waitersOf(finding.promise)[0]
    const other = this.#at(generator)
    if (own === undefined || other === undefined) return false
    return other.function.address === own.function.address && other.continuation === own.continuation
  }

  /** Promises that must be searched too before the holders' own waits are known. */
  bottomsToSearch(): Tagged[] {
    const wanted = new Set<Tagged>()
    for (const finding of this.#findings.values()) {
      const rooted = finding.ends.length > 0
      if (this.hasResource(finding)) continue
      const settlers = finding.ends.flatMap((end) => (end.kind === 'function' ? [end.key] : []))
      const holders = rooted && this.queueOf(finding) === 0 ? settlers : [...finding.holders, ...settlers]
      for (const key of holders) {
        const bottom = this.chains.bottomOf(objectOf(key))
        if (bottom !== 0 && !this.#findings.has(bottom)) wanted.add(bottom)
      }
    }
    return [...wanted]
  }

  /** Generators of a cycle that starts and ends at this wait; null when there is none. */
  cycleOf(start: Finding): Tagged[] | null {
    if (!this.#isLock(start)) return null
    const path: Tagged[] = []
    const seen = new Set<Finding>([start])
    const visit = (finding: Finding): boolean => {
      const holders = this.holdersOf(finding)
      if (this.#isServed(finding, holders)) return false
      for (const { key, generator, waits } of holders) {
        if (waits === null || !this.#isLock(waits)) continue
        if (!this.passesQueue(finding, key) && !this.#isOnlyHeld(finding)) continue
        if (this.#queueKind(finding) === 'pool' && this.#mayHold(finding, key, this.queueOf(finding)) !== 'named')
          continue
        path.push(generator)
        if (waits === start) return true
        if (!seen.has(waits)) {
          seen.add(waits)
          if (visit(waits)) return true
        }
        path.pop()
      }
      return false
    }
    return visit(start) ? path : null
  }

  /**
   * Somebody who has a turn of this queue goes on and gives the turn back: it runs, or is woken by the world outside, or waits in
   * another queue that is served. Of the locks of a collection each function may have passed another one.
   */
  #isServed(finding: Finding, holders: readonly LockHolder[], seen = new Set<Finding>()): boolean {
    const queue = this.queueOf(finding)
    if (queue === 0 || seen.has(finding)) return false
    seen.add(finding)
    const taking = this.takersOf(queue)
      .filter(({ ofOwner }) => ofOwner || !this.isOneOfMany(finding))
      .map(({ one }) => one)
    const isPast = (one: Suspended): boolean =>
      taking.some(
        (other) => receiverOf(this.#heap, one) === receiverOf(this.#heap, other) && this.passed.isPast(one, other),
      )
    const goesOn = (one: Suspended, waits: Finding | null): boolean =>
      waits === null ? one.awaits === 0 : this.hasResource(waits) || this.#isServed(waits, this.holdersOf(waits), seen)
    return holders.some(({ generator, waits }) => {
      const one = this.#at(generator)
      return one !== undefined && isPast(one) && goesOn(one, waits)
    })
  }

  /** Where turns of a queue are taken: those who wait in it, and the callers of its own code. */
  takersOf(queue: Tagged): readonly TurnTaker[] {
    return [...this.#findings.values()].flatMap((finding) =>
      this.queueOf(finding) === queue ? this.#takers.of(finding, this.ownersOf(finding)) : [],
    )
  }

  #at(generator: Tagged): Suspended | undefined {
    return this.#suspended.list[this.#suspended.byGenerator.get(generator) ?? -1]
  }

  /** Whether a holder reaches the resolver through a queue: that another way to it passes a collection makes it no lock. */
  passesQueue(finding: Finding, holder: StepKey): boolean {
    return stepsDown(finding, holder).some((key) => {
      const type = finding.steps.get(key)?.type ?? -1
      return this.#heap.isCollectionType(type) || this.#lists.isNode(objectOf(key), type)
    })
  }

  /**
   * Tells the queues of pools, and what is kept until there is a connection. Of that nobody has anything yet; of a pool's members
   * only who names the pool may have one: who calls for one through objects that lead to it merely reaches it.
   */
  toldBy(queueKind: (finding: Finding) => 'pool' | 'buffer' | null): void {
    this.#queueKind = queueKind
  }

  #isLock(finding: Finding): boolean {
    if (this.hasResource(finding)) return false
    const isQueued = this.queueOf(finding) !== 0 || this.#isOnlyHeld(finding)
    return isQueued && this.#queueKind(finding) !== 'buffer'
  }

  /**
   * Nothing but suspended functions that wait for one and the same thing has the resolver, among their own variables: a lock
   * that each holder makes a promise for (`tails.set(key, promise)`) and resolves itself when it is done.
   */
  #isOnlyHeld(finding: Finding): boolean {
    if (finding.ends.length > 0 || finding.capped || finding.unusable) return false
    const [first, ...others] = this.holdersOf(finding)
    return first?.waits != null && others.every(({ waits }) => waits === first.waits)
  }
}
