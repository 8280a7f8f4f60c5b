/** Locks of user code: whether a resolver lies in one, who can reach it, and the deadlock when its holders wait in turn. */
import type { WaitFacts, WaitHolder } from '../../model/await.js'
import type { Suspended } from '../scan/suspended.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { JudgeContext } from './judge-context.js'
import type { HeapPathPart } from './heap-path-part.js'
import { plainParts } from './paths.js'
import type { SelfDeadlock, SelfDeadlocks } from './self-deadlock.js'
import { tasksByCallback } from './tasks-by-callback.js'
import type { WaitDescriptions } from './wait-descriptions.js'
import { objectOf, stepsDown, type Finding, type FoundEnd, type StepKey } from '../search/wait-search.js'
import { closureOf } from '../../v8/objects/suspended-frame.js'

export const MAX_HOLDERS = 5
const PAUSED = ['isPaused', '_isPaused', '#isPaused', 'paused', '_paused', '#paused']
/** Functions whose scopes are asked for the file that they belong to. */
const MAX_SCOPED = 5_000

export class LockWaits {
  readonly #context: JudgeContext
  readonly #heap: V8Heap
  readonly #descriptions: WaitDescriptions
  readonly #tasks: SelfDeadlocks
  /** By scope. */
  #files: ReadonlyMap<Tagged, Tagged> | null = null

  constructor(context: JudgeContext, descriptions: WaitDescriptions, tasks: SelfDeadlocks) {
    this.#context = context
    this.#tasks = tasks
    this.#heap = context.objects.heap
    this.#descriptions = descriptions
  }

  /** A Map of resolvers by key waits for answers; a queue that is a lock is an array, a list or a Set. */
  isTable(finding: Finding): boolean {
    const queue = this.#context.locks.nearestQueueOf(finding)
    return this.#heap.is(queue, 'JS_MAP') && this.#context.locks.cycleOf(finding) === null
  }

  /** Whether the path goes through a collection: then what it leads to may be an entry of a queue. */
  isOnWay(finding: Finding, end: StepKey): boolean {
    return stepsDown(finding, end).some((key) => {
      const type = finding.steps.get(key)?.type
      if (type === undefined) return false
      return this.#heap.isCollectionType(type) || this.#context.locks.isNode(objectOf(key), type)
    })
  }

  /** A queue that is used inside itself: those who hold its turns, and this wait, which they wait for. */
  reentrant(finding: Finding, key: StepKey, found: SelfDeadlock): WaitFacts {
    const { paths } = this.#context
    const parts = paths.parts(finding, key)
    const owner = this.#descriptions.ownerOn(parts)
    const links = distinct(found.tasks.flatMap((generator) => this.holder(generator)))
    return {
      kind: 'lock',
      ...(owner === null ? {} : { owner }),
      parts: plainParts(parts),
      holders: links,
      links,
      reentrant: true,
      ...(this.#context.locks.isKeyed(finding) ? { keyed: true as const } : {}),
      ...(found.certain ? {} : { unproved: 'end-likely' }),
    }
  }

  /** A queue of user code, who can reach it, and the cycle when they wait for each other. */
  lock(finding: Finding, parts: readonly HeapPathPart[], root: FoundEnd | null = null): WaitFacts {
    const { locks } = this.#context
    const owner = this.#descriptions.ownerOn(parts)
    const cycle = locks.cycleOf(finding)
    const found = locks.namedHoldersOf(finding)
    const holders = found.length > 0 ? found : tasksByCallback(this.#context, finding, parts)
    const users = holders.length > 0 || root === null ? [] : this.#usersOf(finding, root)
    // A package's own function holds it for the task that it runs.
    const ownCode = locks.isHeldByOwnCode(finding)
    const taskOf = (generator: Tagged): Tagged =>
      ownCode ? this.#calledBy(generator) : this.#tasks.taskBelow(generator)
    const able = [...holders, ...users].map((generator) => taskOf(this.#whoRuns(finding, generator)))
    const named = distinct(this.#onePerPlace(able).flatMap((generator) => this.holder(generator)))
    const links = cycle === null ? undefined : cycle.flatMap((generator) => this.holder(taskOf(generator)))
    return {
      kind: 'lock',
      ...(owner === null ? {} : { owner }),
      parts: plainParts(parts),
      ...(named.length === 0 ? {} : { holders: named.slice(0, MAX_HOLDERS) }),
      ...(links === undefined ? {} : { links }),
      ...(cycle === null && this.#isPaused(parts) ? { paused: true as const } : {}),
      ...(cycle === null && this.#isSpent(parts) ? { spent: true as const } : {}),
      ...(users.length === 0 ? {} : { unproved: 'holders-only-mention' }),
    }
  }

  /** For who runs a lock's own code: the function that it runs for somebody; itself where it awaits none. */
  #calledBy(generator: Tagged): Tagged {
    const { locks, suspended } = this.#context
    return suspended.list[locks.chains.awaitedBy(generator) ?? -1]?.generator ?? generator
  }

  /** One that waits for a task of this queue has no turn: the task has it. */
  #whoRuns(finding: Finding, generator: Tagged): Tagged {
    const { locks } = this.#context
    const waits = locks.findingOf(locks.chains.bottomOf(generator))
    const runner = waits === null ? null : locks.runnerOf(waits)
    const isOfThis = runner !== null && finding.holders.some((key) => objectOf(key) === runner.generator)
    return isOfThis ? this.#tasks.taskBelow(runner.generator) : generator
  }

  /** p-queue, fastq, async and others say it in a field of the queue, or of what has the queue. */
  #isPaused(parts: readonly HeapPathPart[]): boolean {
    const { objects } = this.#context
    return parts.some(({ object, role }) => {
      if (role !== 'object' || objects.getBoolean(object, PAUSED) !== true) return false
      // Node's own readline and sockets are paused for other reasons.
      return objects.classScript(object)?.startsWith('node:') !== true
    })
  }

  /** bottleneck counts down what may still be started, and starts nothing at 0. */
  #isSpent(parts: readonly HeapPathPart[]): boolean {
    const { objects } = this.#context
    return parts.some(({ object, role }) => {
      if (role !== 'object') return false
      const options = objects.getObject(objects.getObject(object, ['_store']), ['storeOptions'])
      const left = options === 0 ? null : objects.getNumber(options, ['reservoir'])
      return left !== null && left <= 0
    })
  }

  /** Of ten thousand functions in one place one is as good as all. */
  #onePerPlace(generators: readonly Tagged[]): Tagged[] {
    const { list, byGenerator } = this.#context.suspended
    const seen = new Map<Tagged, Set<number>>()
    return generators.filter((generator) => {
      const one = list[byGenerator.get(generator) ?? -1]
      if (one === undefined) return true
      const positions = seen.get(one.function.address) ?? new Set()
      if (positions.has(one.continuation)) return false
      seen.set(one.function.address, positions.add(one.continuation))
      return true
    })
  }

  /** Of each place, one suspended function whose code mentions the module's variable and that does not wait in the same queue. */
  #usersOf(finding: Finding, root: FoundEnd): Tagged[] {
    const variable = finding.steps.get(root.key)?.variable
    if (variable === undefined || variable === '') return []
    const { locks, suspended, scopes } = this.#context
    const file = this.#fileOf(objectOf(root.key))
    const queue = locks.queueOf(finding)
    // What it hands to another lock names it, and has not run.
    const isHanding = (one: Suspended): boolean => {
      const waits = locks.findingOf(locks.chains.bottomOf(one.generator))
      if (waits === null || variableOf(waits) === variable) return false
      return locks.isTaking(one.generator, waits, locks.turnOf(one, [variable]))
    }
    const isUser = (one: Suspended, handing: boolean): boolean => {
      const { awaits, generator, kind } = one
      // One that was resumed a moment ago awaits nothing that is known, and may well have the lock.
      if (awaits === 0 && kind !== 'async function') return false
      const bottom = locks.chains.bottomOf(generator)
      const waits = locks.findingOf(bottom)
      if (waits === null && locks.isFellow(finding, generator)) return false
      // What names it only further on has not got there yet: it stands in the queue of another lock.
      const taken = locks.turnOf(one, [variable])
      if (taken === 'no') return false
      if (handing && (waits === null || isHanding(one))) return false
      return bottom !== finding.promise && (waits === null || locks.queueOf(waits) !== queue)
    }
    const users = locks.chains.places().flatMap((members): Tagged[] => {
      const [first] = members
      if (first === undefined || first.function.script?.address !== file) return []
      if (!scopes.mentions(closureOf(this.#heap, first), variable)) return []
      // Not all that stand in one place were searched: what some of them wait for the others do too.
      const handing = members.some(isHanding)
      const user = members.find((one) => isUser(one, handing))
      return user === undefined ? [] : [user.generator]
    })
    const orderOf = (generator: Tagged): number => suspended.byGenerator.get(generator) ?? 0
    return users.sort((a, b) => orderOf(a) - orderOf(b))
  }

  /** Script of the module that a scope belongs to: that of any suspended function in it. */
  #fileOf(module: Tagged): Tagged {
    this.#files ??= this.#filesOfScopes()
    return this.#files.get(module) ?? 0
  }

  #filesOfScopes(): ReadonlyMap<Tagged, Tagged> {
    const { suspended, scopes } = this.#context
    const { layout } = this.#heap
    const files = new Map<Tagged, Tagged>()
    for (const one of suspended.list.slice(0, MAX_SCOPED)) {
      let context = this.#heap.functionContext(closureOf(this.#heap, one))
      for (let depth = 0; depth < 20 && this.#heap.isContext(context); depth++) {
        if (!files.has(context)) files.set(context, one.function.script?.address ?? 0)
        if (scopes.isNativeContextType(this.#heap.typeOf(context))) break
        context = this.#heap.contextSlot(context, layout.context.previousIndex)
      }
    }
    return files
  }

  /** Where a suspended function stands; empty when it is none. */
  holder(generator: Tagged): WaitHolder[] {
    return this.#context.place(generator)
  }
}

/** The module's variable through which a search met it. */
function variableOf(finding: Finding): string | undefined {
  const root = finding.ends.find((end) => end.kind === 'root')
  return root === undefined ? undefined : finding.steps.get(root.key)?.variable
}

function distinct(holders: readonly WaitHolder[]): WaitHolder[] {
  const seen = new Map(
    holders.map((holder) => [`${holder.function}:${holder.file}:${holder.line}:${holder.column}`, holder]),
  )
  return [...seen.values()]
}
