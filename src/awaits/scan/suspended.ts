/**
 * The suspended functions among scanned objects: where each stands, which promise it awaits, whom its own end resumes.
 *
 * The target runs while we read. So every object is taken as a candidate, read afresh, and read once more at the end
 * (`stillThere`): what went on in between (`wentOn`) is one that is being resumed, anything else that changed is dropped.
 */
import type { AwaitFunctionKind } from '../../model/await.js'
import { compiledName, nameOfSteps } from '../../v8/objects/coroutines.js'
import type { FunctionInfo, Functions } from '../../v8/objects/functions.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import type { LineColumn } from '../../v8/objects/scripts.js'
import type { ScannedObjects } from './object-scan.js'
import type { PromiseLinks } from '../../v8/objects/promises.js'
import { placeOfLabel, type StateMachine } from '../../v8/objects/state-machines.js'

export interface Suspended {
  /** Of a function that was compiled for engines without generators: the object that steps it. */
  readonly generator: Tagged
  readonly function: FunctionInfo
  readonly place: LineColumn | null
  readonly kind: AwaitFunctionKind
  /** Promises that its end, or its next value, settles. */
  readonly results: readonly Tagged[]
  /** The promise it awaits; 0 when it awaits none (a generator between two values). */
  readonly awaits: Tagged
  /** The number of the `await` or `yield` in its function, in the order of the text: which one it is suspended at. */
  readonly continuation: number
  /** As read: compared when it is read again. Of one place it differs by the tier that the code ran in. */
  readonly position: number
  /** It went on while it was read: what it awaits now is not known. */
  readonly resumed?: true
  /** Such a function; its `continuation` and `position` are its label. */
  readonly machine?: StateMachine
}

export interface SuspendedFunctions {
  readonly list: readonly Suspended[]
  readonly byGenerator: ReadonlyMap<Tagged, number>
  /** Index of the function whose result a promise is. */
  readonly byResult: ReadonlyMap<Tagged, number>
  /** Promises whose settling settles this one. */
  readonly sources: ReadonlyMap<Tagged, readonly Tagged[]>
  /**
   * Functions that ran when they were read, so are not listed, and the promises that their ends settle: alive all the same, unlike
   * what a collection left of one.
   */
  readonly moving: ReadonlySet<Tagged>
  /** Candidates that made no sense: read while they moved, or no longer there. */
  readonly dropped: number
  /** Candidates beyond the limit: not read at all. */
  readonly unread: number
}

/** kGeneratorExecuting and kGeneratorClosed (src/objects/js-generator.h), in place of a continuation. */
const EXECUTING = -2
const CLOSED = -1
const MAX_REQUESTS = 1_000
const MAX_AWAITERS = 1_000
const PROMISES_A_FUNCTION = 4

export function readSuspended(
  heap: V8Heap,
  functions: Functions,
  links: PromiseLinks,
  scanned: ScannedObjects,
  limit = Number.POSITIVE_INFINITY,
): SuspendedFunctions {
  const awaited = new Map<Tagged, Tagged>()
  const sources = new Map<Tagged, Tagged[]>()
  let promises = 0
  for (const promise of scanned.promises) {
    // Each function awaits one promise and settles another, and some are followed through further ones.
    if (promises++ >= PROMISES_A_FUNCTION * limit) break
    const targets = links.targets(promise)
    for (const generator of targets.generators) awaited.set(generator, promise)
    for (const settled of targets.promises) {
      const list = sources.get(settled)
      if (list === undefined) sources.set(settled, [promise])
      else list.push(promise)
    }
  }
  const places = new PlaceCache(functions)
  const list: Suspended[] = []
  const byGenerator = new Map<Tagged, number>()
  const byResult = new Map<Tagged, number>()
  const moving = new Set<Tagged>()
  let dropped = 0
  let unread = 0
  const add = (generator: Tagged, one: Suspended): void => {
    byGenerator.set(generator, list.length)
    for (const promise of one.results) byResult.set(promise, list.length)
    list.push(one)
  }
  for (const generator of scanned.generators) {
    if (byGenerator.has(generator)) continue
    if (list.length >= limit) {
      unread++
      continue
    }
    const one = readGenerator(heap, functions, links, places, generator, awaited.get(generator) ?? 0)
    if (one === null) {
      dropped++
      const settles = settledByRunning(heap, links, generator)
      if (settles !== 0) moving.add(generator).add(settles)
      continue
    }
    add(generator, one)
  }
  // Those without a generator object are known by what they await alone.
  for (const [object, promise] of awaited) {
    if (byGenerator.has(object) || heap.typeOf(object) !== heap.types.JS_OBJECT) continue
    const one = list.length >= limit ? null : readMachine(functions, links, places, object, promise)
    if (one !== null) add(object, one)
    else if (list.length >= limit) unread++
  }
  return { list, byGenerator, byResult, sources, moving, dropped, unread }
}

/** Whether the generator is in the very same place, and awaits the same promise, as when it was read. Flush before. */
export function stillThere(heap: V8Heap, links: PromiseLinks, one: Suspended): boolean {
  const layout = heap.layout.generator
  if (one.machine !== undefined) {
    const now = links.machineOf(one.generator)
    return now?.label === one.machine.label && now.body === one.machine.body && links.isPending(one.awaits)
  }
  return (
    heap.smi(one.generator, layout.continuation) === one.continuation &&
    (heap.smi(one.generator, layout.inputOrPosition) ?? -1) === one.position &&
    kindOf(heap, one.generator) !== null &&
    heap.functionShared(heap.field(one.generator, layout.function)) === one.function.address &&
    (one.awaits === 0 || links.isPending(one.awaits))
  )
}

/**
 * The promise of an async function that runs just now; 0 of any other. One that returned before its first `await` looks the
 * same, but has settled its promise.
 */
function settledByRunning(heap: V8Heap, links: PromiseLinks, generator: Tagged): Tagged {
  const { continuation, promise } = heap.layout.generator
  if (heap.typeOf(generator) !== heap.types.JS_ASYNC_FUNCTION_OBJECT) return 0
  if (heap.smi(generator, continuation) !== EXECUTING) return 0
  const settles = heap.field(generator, promise)
  return links.isPending(settles) ? settles : 0
}

/**
 * What is no longer as it was, but is still the same function: it went on, and what it awaits now is not known. Null where that
 * is not so. Flush before.
 */
export function wentOn(
  heap: V8Heap,
  functions: Functions,
  links: PromiseLinks,
  places: PlaceCache,
  one: Suspended,
): Suspended | null {
  if (one.results.length === 0 || !one.results.every((promise) => links.isPending(promise))) return null
  const resumed = { awaits: 0, resumed: true } as const
  if (one.machine !== undefined)
    return links.machineOf(one.generator)?.body === one.machine.body ? { ...one, ...resumed } : null
  const { continuation, function: closure } = heap.layout.generator
  if ((heap.smi(one.generator, continuation) ?? CLOSED) === CLOSED || kindOf(heap, one.generator) === null) return null
  if (heap.functionShared(heap.field(one.generator, closure)) !== one.function.address) return null
  // Running just now, it is told where it was.
  return { ...(readGenerator(heap, functions, links, places, one.generator, 0) ?? one), ...resumed }
}

function readGenerator(
  heap: V8Heap,
  functions: Functions,
  links: PromiseLinks,
  places: PlaceCache,
  generator: Tagged,
  awaits: Tagged,
): Suspended | null {
  const layout = heap.layout.generator
  const kind = kindOf(heap, generator)
  const continuation = heap.smi(generator, layout.continuation)
  if (kind === null || continuation === null || continuation < 0) return null
  const info = functions.ofFunction(heap.field(generator, layout.function))
  if (info === null || info.bytecode === 0 || !heap.isContext(heap.field(generator, layout.context))) return null
  const position = heap.smi(generator, layout.inputOrPosition) ?? -1
  const offset = functions.bytecodeOffset(position, info.bytecode)
  // Before its first step a plain or async generator has no position; an async function always has one.
  if (offset < 0 && kind === 'async function') return null
  const results = resultsOf(heap, links, generator, kind)
  const compiled = kind === 'generator' && results.length > 0 && info.name === null
  return {
    generator,
    function: compiled ? places.named(info) : info,
    place: places.of(info, offset),
    kind: kind === 'async function' && isModule(info) ? 'module' : kind,
    results,
    awaits,
    continuation,
    position,
  }
}

function readMachine(
  functions: Functions,
  links: PromiseLinks,
  places: PlaceCache,
  object: Tagged,
  awaits: Tagged,
): Suspended | null {
  const machine = links.machineOf(object)
  const info = machine === null ? null : functions.ofFunction(machine.body)
  const result = links.resultOf(object)
  if (machine === null || info === null || result === 0) return null
  return {
    generator: object,
    function: places.named(info),
    place: places.ofLabel(info, machine.label),
    kind: 'async function',
    results: [result],
    awaits,
    continuation: machine.label,
    position: machine.label,
    machine,
  }
}

function kindOf(heap: V8Heap, generator: Tagged): AwaitFunctionKind | null {
  const type = heap.typeOf(generator)
  if (type === heap.types.JS_ASYNC_FUNCTION_OBJECT) return 'async function'
  if (type === heap.types.JS_ASYNC_GENERATOR_OBJECT) return 'async generator'
  return type === heap.types.JS_GENERATOR_OBJECT ? 'generator' : null
}

/** A module with a top-level await is an async function that is its whole script. */
function isModule(info: FunctionInfo): boolean {
  return info.name === null && info.start === 0 && info.script !== null && info.end === info.script.sourceLength
}

function resultsOf(heap: V8Heap, links: PromiseLinks, generator: Tagged, kind: AwaitFunctionKind): Tagged[] {
  const layout = heap.layout.generator
  if (kind === 'async function') {
    const promise = heap.field(generator, layout.promise)
    return heap.is(promise, 'JS_PROMISE') ? [promise] : []
  }
  const results: Tagged[] = []
  const stepped = kind === 'generator' ? links.resultOf(generator) : 0
  if (stepped !== 0) return [stepped]
  if (kind !== 'async generator') return results
  let request = heap.field(generator, layout.queue)
  while (results.length < MAX_REQUESTS && heap.is(request, 'ASYNC_GENERATOR_REQUEST')) {
    const promise = heap.field(request, heap.layout.asyncRequest.promise)
    if (results.includes(promise)) break
    results.push(promise)
    request = heap.field(request, heap.layout.asyncRequest.next)
  }
  return results
}

/** A thousand functions in one place decode its position table once. */
export class PlaceCache {
  readonly #functions: Functions
  readonly #places = new Map<Tagged, Map<number, LineColumn | null>>()
  readonly #named = new Map<Tagged, FunctionInfo>()

  constructor(functions: Functions) {
    this.#functions = functions
  }

  /** With the name that it had before it was compiled. */
  named(info: FunctionInfo): FunctionInfo {
    const named = this.#named.get(info.address) ?? { ...info, name: compiledName(info) ?? nameOfSteps(info) }
    this.#named.set(info.address, named)
    return named
  }

  ofLabel(info: FunctionInfo, label: number): LineColumn | null {
    return this.#known(info.address, label, () => placeOfLabel(this.#functions, info, label))
  }

  of(info: FunctionInfo, offset: number): LineColumn | null {
    if (offset < 0) return null
    return this.#known(info.bytecode, offset, () => this.#functions.lineOfBytecode(info, info.bytecode, offset))
  }

  #known(key: Tagged, offset: number, read: () => LineColumn | null): LineColumn | null {
    let places = this.#places.get(key)
    if (places === undefined) {
      places = new Map()
      this.#places.set(key, places)
    }
    let place = places.get(offset)
    if (place === undefined) {
      place = read()
      places.set(offset, place)
    }
    return place
  }
}

/** Functions that go on when any of the promises settles, first awaiter first, through whatever lies between. */
export function awaitersOf(links: PromiseLinks, suspended: SuspendedFunctions, promises: readonly Tagged[]): number[] {
  const [only = 0] = promises
  const targets = promises.length === 1 ? links.targets(only) : null
  // As nearly all are: awaited by one function, or by none.
  if (targets?.promises.length === 0 && targets.generators.length < 2) {
    const index = suspended.byGenerator.get(targets.generators[0] ?? 0)
    return index === undefined ? [] : [index]
  }
  const found = new Set<number>()
  links.visitAwaiters(promises, (generator) => {
    const index = suspended.byGenerator.get(generator)
    if (index !== undefined) found.add(index)
    return found.size < MAX_AWAITERS
  })
  return [...found]
}

export interface LeafPromises {
  /** Promises at the bottom of an await that no suspended function and no other promise settles. */
  readonly leaves: readonly Tagged[]
  /** Whether suspended functions are among what settles it: they are listed themselves. */
  readonly byFunction: boolean
}

const NONE: readonly Tagged[] = []

/** What is at the bottom of an await: Promise.race of a function and a bare promise has both. */
export function leafPromises(suspended: SuspendedFunctions, promise: Tagged): LeafPromises {
  if (suspended.byResult.has(promise)) return { leaves: NONE, byFunction: true }
  if (promise !== 0 && !suspended.sources.has(promise)) return { leaves: [promise], byFunction: false }
  const leaves: Tagged[] = []
  let byFunction = false
  const seen = new Set<Tagged>()
  const queue = [promise]
  for (let head = 0; head < queue.length && seen.size < 10_000; head++) {
    const at = queue[head] ?? 0
    if (at === 0 || seen.has(at)) continue
    seen.add(at)
    if (suspended.byResult.has(at)) {
      byFunction = true
      continue
    }
    const from = suspended.sources.get(at)
    if (from === undefined || from.length === 0) leaves.push(at)
    else for (const source of from) queue.push(source)
  }
  return { leaves, byFunction }
}

const MAX_FOLLOWED = 1_000

/** The function whose end settles a promise, directly or through promises between them; the nearest of several. */
export function ownerBelow({ byResult, sources }: SuspendedFunctions, promise: Tagged): number | undefined {
  const queue = [promise]
  const seen = new Set<Tagged>()
  for (let head = 0; head < queue.length && seen.size < MAX_FOLLOWED; head++) {
    const at = queue[head] ?? 0
    if (seen.has(at)) continue
    seen.add(at)
    const owner = byResult.get(at)
    if (owner !== undefined) return owner
    for (const source of sources.get(at) ?? []) queue.push(source)
  }
  return undefined
}
