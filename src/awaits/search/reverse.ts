/**
 * From promises back to whatever could settle them: one exploration of the heap for all of them (`reverse-scan.ts`),
 * then for each a walk over the edges found. The walk knows the mention rule: a scope is a state of its own for every
 * variable by which it is entered, since only the closures that mention the variable count.
 */
import type { HeapBlocks } from '../../v8/heap/heap-blocks.js'
import type { SuspendedFunctions } from '../scan/suspended.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { ContainingObjects, Holder } from '../../v8/objects/containing-object.js'
import { failureOffset, isFailureEntry } from './failure-slots.js'
import { isGuardClass } from '../resources/resources.js'
import type { EdgeMark, HolderEdges, HolderKind } from './holder-edges.js'
import { ListNodes } from './list-nodes.js'
import { scanHolders, type ReverseScanCost } from './reverse-scan.js'
import { objectOf, type Finding, type FoundEnd, type Step, type StepKey } from './wait-search.js'

const MAX_LISTED = 500
/** Steps between alike entries of a linked list don't count: a queue of a thousand is no farther away than one of two. */
const MAX_DEPTH = 26
/** Steps of one walk of which is kept what they lead to besides. */
const MAX_MEETS = 2_000
const MAX_WALK_DEPTH = 60 + MAX_LISTED
const MAX_WANTED = 20_000
/** Holders of one object that are alike (same map or code, same slot) and followed: a registry of 10,000 entries is one. */
const MAX_ALIKE = 8
/** Such holders beyond those: they are followed where the others, garbage perhaps, lead to nothing. */
const MAX_SPARE = 500
const MAX_EDGES = 2_000
/** Passes over the heap after which a root alone is answer enough, and what they may read together: a look must not wait. */
const ROUNDS_PAST_ROOTS = 3
const BYTES_PAST_ROOTS = 256 << 20
/** States of one scope: fractions of an address, exact in a double. */
const MAX_VARIABLES = 62
/** Of an array that was reached by a promise that it has: the fraction after those of scopes. */
const LOOSE = 63 / 64
/** Edges that are still walked once the time is over: most answers are a few steps away. */
const LATE_EDGES = 1_000_000

/**
 * How one got to an array: by a promise that it has (`loose`), which settles nothing as a rule, or by something that settles one
 * (`firm`). Registers of a suspended function often have both, a promise and its resolver. Of other objects it is all one.
 */
type Way = 'loose' | 'firm'

interface Edge extends Holder {
  readonly mark: EdgeMark
  readonly kind: HolderKind
  /** Counts only when its target was reached this way; null: whichever. */
  readonly way: Way | null
  /** The holder is a promise's reject function. */
  readonly rejects: boolean
}

interface Known {
  readonly type: number
  readonly depth: number
  readonly mark: EdgeMark
  readonly offset: number
  /** On which it was met so far. */
  readonly ways: Set<Way>
  /** Entries of a list that were passed on the way. */
  readonly listed: number
  readonly alike: Map<number, number>
  /** Holders that are alike, beyond the number that is followed at first. */
  readonly spare: Tagged[]
  capped: boolean
}

export interface ReverseContext {
  readonly objects: Objects
  readonly scopes: CodeScopes
  readonly edges: HolderEdges
  readonly containing: ContainingObjects
  readonly suspended: SuspendedFunctions
  readonly blocks: HeapBlocks
  /** Holders of holders that are followed; 26 when unset. An object counts by the way on which it was met first. */
  readonly maxDepth?: number
  /** Holders of one object that are alike, and followed; 8 when unset. */
  readonly maxAlike?: number
}

export class ReverseSearch {
  readonly #context: ReverseContext
  readonly #heap: V8Heap
  readonly #lists: ListNodes
  readonly #maxDepth: number
  readonly #maxAlike: number
  readonly #edges = new Map<Tagged, Edge[]>()
  readonly #known = new Map<Tagged, Known>()
  /** In which round of the scan the holders of an object were first asked for. */
  readonly #askedIn = new Map<Tagged, number>()
  #round = 0
  #roundsWithRoots = 0
  #expired: () => boolean = () => false
  #lateEdges = LATE_EDGES

  constructor(context: ReverseContext) {
    this.#context = context
    this.#heap = context.objects.heap
    this.#lists = new ListNodes(context.objects)
    this.#maxDepth = context.maxDepth ?? MAX_DEPTH
    this.#maxAlike = context.maxAlike ?? MAX_ALIKE
  }

  /** @param type of what is searched for: whoever holds any other object holds it, where a promise has its own rules */
  run(
    promises: readonly Tagged[],
    expired: () => boolean,
    type = this.#heap.types.JS_PROMISE,
  ): { findings: Map<Tagged, Finding>; cost: ReverseScanCost } {
    this.#expired = expired
    const distinct = [...new Set(promises)]
    for (const promise of distinct) {
      this.#remember(promise, type, 0, 'reference', 0)
      this.#askedIn.set(promise, this.#round)
    }
    const cost = scanHolders(this.#context.blocks, distinct, (target, slot, want) => this.#hit(target, slot, want), {
      limit: MAX_WANTED,
      expired,
      enough: () => {
        const isEnough = this.#isEnough(distinct)
        if (!isEnough) this.#round++
        return isEnough
      },
      more: () => this.#sparesOf(distinct.filter((promise) => this.#answerOf(promise) === 'none')),
    })
    this.#noteResolvers()
    const findings = new Map<Tagged, Finding>()
    for (const promise of distinct) {
      const finding = this.#walk(promise)
      findings.set(promise, cost.complete ? finding : { ...finding, capped: true })
    }
    return { findings, cost }
  }

  #remember(object: Tagged, type: number, depth: number, mark: EdgeMark, offset: number, listed = 0): Known {
    const ways = new Set([wayBy(mark)])
    const known: Known = { type, depth, mark, offset, ways, listed, alike: new Map(), spare: [], capped: false }
    this.#known.set(object, known)
    return known
  }

  #hit(target: Tagged, slot: number, want: (address: Tagged) => void): void {
    const entry = this.#known.get(target)
    const holder = this.#context.containing.holderOf(slot)
    if (entry === undefined || holder === null) return
    if (holder === 'unclear') {
      entry.capped = true
      return
    }
    for (const [mark, way] of this.#marksOf(target, entry, holder)) {
      let list = this.#edges.get(target)
      if (list === undefined) {
        list = []
        this.#edges.set(target, list)
      }
      if (list.length > MAX_EDGES) {
        entry.capped = true
        return
      }
      const edge = { ...holder, mark, kind: this.#context.edges.kind(holder, mark), way, rejects: false }
      list.push(edge)
      if (way === null || entry.ways.has(way)) this.#follow(entry, target, edge, want)
    }
  }

  /** What may have both, a promise and its resolver, is asked for both ways: which one it is met on first is chance. */
  #marksOf(target: Tagged, entry: Known, holder: Holder): readonly (readonly [EdgeMark, Way | null])[] {
    const edgeBy = (before: EdgeMark): EdgeMark | null =>
      this.#context.edges.edge(target, entry.type, holder, before, entry.offset)
    const loose = this.#looseMarkOf(entry.type)
    if (loose === null) {
      const mark = edgeBy(entry.mark)
      return mark === null ? [] : [[mark, null]]
    }
    const marks = [[edgeBy(loose), 'loose'] as const, [edgeBy('reference'), 'firm'] as const]
    return marks.flatMap(([mark, way]) => (mark === null ? [] : [[mark, way] as const]))
  }

  #looseMarkOf(type: number): EdgeMark | null {
    const { types } = this.#heap
    if (type === types.PROPERTY_ARRAY) return 'store'
    return this.#context.objects.isFixedArrayType(type) || type === types.JS_SET ? 'list' : null
  }

  #follow(entry: Known, target: Tagged, edge: Edge, want: (address: Tagged) => void): void {
    const { object, type, offset, mark, kind } = edge
    const known = this.#known.get(object)
    if (known === undefined) {
      const passes = entry.listed < MAX_LISTED && this.#lists.isStep(object, target, type)
      const depth = entry.depth + (passes ? 0 : 1)
      this.#remember(object, type, depth, mark, offset, entry.listed + (passes ? 1 : 0))
    }
    const isEnd = kind !== 'go' && kind !== 'waypoint' && kind !== 'stepped'
    if (isEnd || entry.depth >= this.#maxDepth) {
      if (entry.depth >= this.#maxDepth) entry.capped = true
      return
    }
    const alike = offset + this.#codeOf(edge)
    const count = (entry.alike.get(alike) ?? 0) + 1
    entry.alike.set(alike, count)
    if (count <= this.#maxAlike) {
      if (!this.#askedIn.has(object)) this.#askedIn.set(object, this.#round)
      want(object)
    } else if (entry.spare.length < MAX_SPARE) entry.spare.push(object)
    else entry.capped = true
    if (known === undefined || known.ways.has(wayBy(mark)) || this.#looseMarkOf(type) === null) return
    known.ways.add(wayBy(mark))
    // Its holders were seen before it was known that they matter.
    for (const above of this.#edges.get(object) ?? []) {
      if (above.way === wayBy(mark)) this.#follow(known, object, above, want)
    }
  }

  /** Holders on the ways to these that were left out as like others; none of them is left out any more. */
  #sparesOf(promises: readonly Tagged[]): Tagged[] {
    const spares: Tagged[] = []
    const met = new Set(promises)
    for (const object of met) {
      const known = this.#known.get(object)
      if (known !== undefined) spares.push(...known.spare.splice(0))
      for (const edge of this.#edges.get(object) ?? []) met.add(edge.object)
    }
    return spares
  }

  /** What tells holders apart: closures of one scope differ by their code, scopes by what they are the scope of, the rest by map. */
  #codeOf({ object, type }: Holder): number {
    const { layout } = this.#heap
    if (this.#heap.isFunctionType(type)) return this.#heap.field(object, layout.jsFunction.shared)
    if (this.#heap.isContextType(type)) return this.#heap.contextSlot(object, layout.context.scopeInfoIndex)
    return this.#heap.field(object, 0)
  }

  #noteResolvers(): void {
    for (const list of this.#edges.values()) {
      for (const edge of list)
        if (this.#context.scopes.isResolver(edge.object)) this.#context.scopes.noteResolver(edge.object)
    }
    for (const [target, list] of this.#edges) {
      this.#edges.set(
        target,
        list.map((edge) =>
          this.#context.scopes.isResolver(edge.object) && this.#context.scopes.isReject(edge.object)
            ? { ...edge, rejects: true }
            : edge,
        ),
      )
    }
  }

  /**
   * Asked after each round. Where only a module's variable was reached (a queue, a pool, a table), who holds a turn lies
   * farther off, and how far depends on the order of the heap's blocks: some rounds more, else the same program is
   * a deadlock in one process and a queue in the next.
   */
  #isEnough(promises: readonly Tagged[]): boolean {
    let isRootAlone = false
    for (const promise of promises) {
      const answer = this.#expired() ? 'none' : this.#answerOf(promise)
      if (answer === 'none') return false
      if (answer === 'root') isRootAlone = true
    }
    if (!isRootAlone) return true
    this.#roundsWithRoots++
    const heapBytes = this.#context.blocks.starts().reduce((sum, { length }) => sum + length, 0)
    return this.#roundsWithRoots > Math.min(ROUNDS_PAST_ROOTS, BYTES_PAST_ROOTS / heapBytes)
  }

  /** `resource`: one that is no timer, since what a timer only ends by failing is looked for further. */
  #answerOf(promise: Tagged): 'none' | 'root' | 'resource' {
    const finding = this.#walkOnce(promise, { skipFailures: true, anyMention: false })
    let answer: 'none' | 'root' | 'resource' = 'none'
    for (const { kind, key } of finding.ends) {
      // An async function that returned before its first await is never marked as closed: its end may lie behind it.
      const over = kind === 'function' && !this.#context.suspended.byGenerator.has(objectOf(key))
      if (kind === 'root' || over) answer = 'root'
      else if (kind !== 'resource' || !isGuardClass(this.#context.objects.className(objectOf(key)))) return 'resource'
    }
    return answer
  }

  /** First without what only fails the promise, then with it, then with scopes that nothing mentions any more. */
  #walk(promise: Tagged): Finding {
    const settling = this.#walkOnce(promise, { skipFailures: true, anyMention: false })
    if (isSomething(settling)) return settling
    const failing = this.#walkOnce(promise, { skipFailures: false, anyMention: false })
    if (isSomething(failing)) return { ...failing, rejectsOnly: true }
    const unmentioned = this.#walkOnce(promise, { skipFailures: false, anyMention: true })
    return isSomething(unmentioned) ? { ...unmentioned, unusable: true } : failing
  }

  #walkOnce(promise: Tagged, rules: { readonly skipFailures: boolean; readonly anyMention: boolean }): Finding {
    const steps = new Map<StepKey, Step | null>([[promise, null]])
    const ends: FoundEnd[] = []
    const waypoints: StepKey[] = []
    const holders: StepKey[] = []
    const open: StepKey[] = []
    const meets = new Map<StepKey, readonly Tagged[]>()
    const entered = new Map<Tagged, Set<string>>()
    let capped = false
    let front: StepKey[] = [promise]
    for (let depth = 1; front.length > 0 && depth < MAX_WALK_DEPTH; depth++) {
      const next: StepKey[] = []
      for (const key of front) {
        const edges = this.#edges.get(objectOf(key)) ?? []
        const known = this.#known.get(objectOf(key))
        if (known?.capped === true || (known?.spare.length ?? 0) > 0 || this.#isTooLate(edges.length)) capped = true
        if (known !== undefined && this.#isOpen(objectOf(key), known)) open.push(key)
        if (this.#lateEdges < 0) continue
        const way: Way = key - objectOf(key) === LOOSE ? 'loose' : 'firm'
        for (const edge of edges) {
          if (edge.way !== null && edge.way !== way) continue
          const before = steps.get(key) ?? null
          if (rules.skipFailures && this.#fails(edge)) continue
          if (!rules.anyMention && !this.#mayUse(edge, before)) continue
          const variable = this.#variableOf(edge, before)
          const at = this.#stateOf(edge, variable, steps, entered, rules.anyMention)
          if (at === null) {
            if (meets.size < MAX_MEETS) meets.set(key, [...(meets.get(key) ?? []), edge.object])
            continue
          }
          steps.set(at, {
            from: key,
            offset: edge.offset,
            type: edge.type,
            depth,
            settles: edge.mark === 'settler',
            ...(variable === undefined ? {} : { variable }),
          })
          switch (edge.kind) {
            case 'go':
            case 'waypoint':
              if (edge.kind === 'waypoint') waypoints.push(at)
              next.push(at)
              break
            case 'stepped':
              holders.push(at)
              next.push(at)
              break
            case 'holder':
              if (!this.#isOwnAwait(edge.object, promise)) holders.push(at)
              break
            case 'unlisted':
              capped = true
              break
            case 'dead':
              break
            default:
              ends.push({ key: at, kind: edge.kind })
          }
        }
      }
      front = next
    }
    return {
      promise,
      steps,
      ends,
      waypoints,
      holders,
      open,
      meets,
      rejectsOnly: false,
      capped,
      unusable: false,
      visited: steps.size,
    }
  }

  /** Who was asked for in the last round was looked for in a part of the heap only. */
  #isOpen(object: Tagged, known: Known): boolean {
    return known.capped || known.spare.length > 0 || (this.#askedIn.get(object) ?? this.#round) >= this.#round
  }

  #isTooLate(edges: number): boolean {
    if (this.#expired()) this.#lateEdges -= edges
    return this.#lateEdges < 0
  }

  #isOwnAwait(generator: Tagged, promise: Tagged): boolean {
    const index = this.#context.suspended.byGenerator.get(generator)
    return index !== undefined && this.#context.suspended.list[index]?.awaits === promise
  }

  #fails(edge: Edge): boolean {
    if (edge.rejects) return true
    const { objects } = this.#context
    if (objects.isFixedArrayType(edge.type)) return isFailureEntry(objects, edge.object, edge.offset)
    if (edge.type !== this.#heap.types.JS_OBJECT) return false
    return failureOffset(objects, this.#heap.field(edge.object, 0)) === edge.offset
  }

  /** Whether the holder of a scope can use the variable by which the scope was entered. */
  #mayUse(edge: Edge, before: Step | null): boolean {
    if (before?.variable === undefined || before.variable === '') return true
    if (!this.#heap.isContextType(before.type) && !this.#context.objects.isFixedArrayType(before.type)) return true
    const { layout } = this.#heap
    let code = 0
    if (this.#heap.isFunctionType(edge.type) && edge.offset === layout.jsFunction.context) code = edge.object
    else if (
      edge.kind === 'holder' &&
      (edge.offset === layout.generator.context || edge.offset === layout.generator.registers)
    ) {
      code = this.#heap.field(edge.object, layout.generator.function)
    }
    return code === 0 || this.#context.scopes.mentions(code, before.variable)
  }

  /** The variable by which a scope is entered, passed on to the scopes inside it and to a generator's registers. */
  #variableOf(edge: Edge, before: Step | null): string | undefined {
    const { context } = this.#heap.layout
    if (this.#heap.isContextType(edge.type)) {
      const outer = edge.offset === context.slots + 8 * context.previousIndex
      return outer ? before?.variable : this.#context.scopes.variableAt(edge.object, edge.offset)
    }
    const registers = this.#context.objects.isFixedArrayType(edge.type)
    return registers && before !== null && this.#heap.isContextType(before.type) ? before.variable : undefined
  }

  #stateOf(
    edge: Edge,
    variable: string | undefined,
    steps: ReadonlyMap<StepKey, Step | null>,
    entered: Map<Tagged, Set<string>>,
    anyMention: boolean,
  ): StepKey | null {
    const isScope = this.#heap.isContextType(edge.type)
    if (!isScope) {
      const key = edge.object + (wayBy(edge.mark) === 'loose' ? LOOSE : 0)
      return steps.has(key) ? null : key
    }
    let variables = entered.get(edge.object)
    if (variables === undefined) {
      variables = new Set()
      entered.set(edge.object, variables)
    }
    const name = variable ?? ''
    if (!steps.has(edge.object)) {
      variables.add(name)
      return edge.object
    }
    if (anyMention || edge.kind !== 'go' || variables.has(name) || variables.size > MAX_VARIABLES) return null
    const key = edge.object + variables.size / 64
    variables.add(name)
    return key
  }
}

function wayBy(mark: EdgeMark): Way {
  return mark === 'list' || mark === 'store' ? 'loose' : 'firm'
}

function isSomething(finding: Finding): boolean {
  return finding.ends.length > 0 || finding.holders.length > 0
}
