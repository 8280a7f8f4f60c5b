/**
 * Suspended functions and the promises between them, in a heap snapshot. Generator objects are the nodes with an
 * internal edge `parameters_and_registers`, promises those with `reactions_or_result`; who is resumed by a promise is
 * found through its reactions: handler, context, generator. No flag of a promise is in the snapshot, but a settled one
 * has no reactions.
 */
import type { HeapGraph } from './heap-graph.js'

export interface SnapshotGenerator {
  readonly node: number
  readonly functionNode: number
  readonly asynchronous: 'function' | 'generator' | null
  /** Promises that its end (or its next yield) settles. */
  readonly results: readonly number[]
  /** The pending promise it awaits, -1 when it awaits none. */
  awaits: number
  /** Generators resumed by its results, in the order in which they began to wait. */
  awaiters: number[]
}

export interface AsyncGraph {
  readonly generators: ReadonlyMap<number, SnapshotGenerator>
  readonly promises: ReadonlySet<number>
  /** Generator that owns a promise as its result. */
  readonly ownerOf: ReadonlyMap<number, number>
  /** Promises that settle this one through a combinator, `then` or a resolving function. */
  readonly sources: ReadonlyMap<number, readonly number[]>
  /** Generators that each promise resumes itself. */
  readonly awaitedBy: ReadonlyMap<number, readonly number[]>
  /** Reactions (nodes) of each pending promise that has some. */
  readonly reactions: ReadonlyMap<number, readonly number[]>
}

const REACTION = 'system / PromiseReaction'
const CAPABILITY = 'system / PromiseCapability'
const REQUEST = 'system / AsyncGeneratorRequest'
const MAX_REACTIONS = 100_000

export function readAsyncGraph(graph: HeapGraph): AsyncGraph {
  const { generatorNodes, promises } = findNodes(graph)
  const reactions = new Map<number, number[]>()
  for (const promise of promises) {
    const list = reactionsOf(graph, promise)
    if (list.length > 0) reactions.set(promise, list)
  }
  const generators = new Map<number, SnapshotGenerator>()
  const ownerOf = new Map<number, number>()
  for (const node of generatorNodes) {
    const generator = readGenerator(graph, node, promises)
    generators.set(node, generator)
    for (const promise of generator.results) ownerOf.set(promise, node)
  }
  const resumed = new Map<number, { generators: number[]; promises: number[] }>()
  const sources = new Map<number, number[]>()
  for (const [promise, list] of reactions) {
    const entry = { generators: [] as number[], promises: [] as number[] }
    // The reactions are linked newest first.
    for (const reaction of list.toReversed()) {
      const target = reactionTarget(graph, reaction, generators, promises)
      if (target === null) continue
      if (target.generator) entry.generators.push(target.node)
      else entry.promises.push(target.node)
    }
    resumed.set(promise, entry)
    for (const node of entry.generators) {
      const generator = generators.get(node)
      if (generator !== undefined) generator.awaits = promise
    }
    for (const settled of entry.promises) push(sources, settled, promise)
  }
  for (const generator of generators.values()) {
    const found: number[] = []
    for (const promise of generator.results) collectAwaiters(promise, resumed, found, new Set())
    generator.awaiters = [...new Set(found)]
  }
  const awaitedBy = new Map([...resumed].map(([promise, entry]) => [promise, entry.generators]))
  return { generators, promises, ownerOf, sources, awaitedBy, reactions }
}

function push(map: Map<number, number[]>, key: number, value: number): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else if (!list.includes(value)) list.push(value)
}

function findNodes(graph: HeapGraph): { generatorNodes: number[]; promises: Set<number> } {
  const names = graph.parts.strings.find(['parameters_and_registers', 'reactions_or_result'])
  const registers = names.get('parameters_and_registers') ?? -1
  const reactions = names.get('reactions_or_result') ?? -1
  const internal = graph.parts.edgeTypes.indexOf('internal')
  const { edgeName, edgeType } = graph.parts
  const generatorNodes: number[] = []
  const promises = new Set<number>()
  for (let e = 0; e < edgeName.length; e++) {
    if (edgeType[e] !== internal) continue
    if (edgeName[e] === registers) generatorNodes.push(graph.ownerOf(e))
    else if (edgeName[e] === reactions) promises.add(graph.ownerOf(e))
  }
  return { generatorNodes, promises }
}

function reactionsOf(graph: HeapGraph, promise: number): number[] {
  const list: number[] = []
  const seen = new Set<number>()
  let reaction = graph.child(promise, 'reactions_or_result', 'internal')
  while (reaction >= 0 && !seen.has(reaction) && list.length < MAX_REACTIONS) {
    if (graph.nameOf(reaction) !== REACTION) break
    seen.add(reaction)
    list.push(reaction)
    let next = -1
    for (let e = graph.firstEdge(reaction); e < graph.endEdge(reaction); e++) {
      const to = graph.target(e)
      if (to !== reaction && graph.nameOf(to) === REACTION) next = to
    }
    reaction = next
  }
  return list
}

function readGenerator(graph: HeapGraph, node: number, promises: ReadonlySet<number>): SnapshotGenerator {
  const results: number[] = []
  let queued = false
  for (let e = graph.firstEdge(node); e < graph.endEdge(node); e++) {
    const to = graph.target(e)
    const type = graph.edgeTypeOf(e)
    if ((type === 'hidden' || (type === 'internal' && graph.edgeNameOf(e) === 'promise')) && promises.has(to)) {
      results.push(to)
    }
    if (graph.nameOf(to) === REQUEST) {
      queued = true
      results.push(...requestPromises(graph, to, promises))
    }
  }
  const name = graph.nameOf(node)
  const generator = queued || name === 'AsyncGenerator' || /AsyncGenerator/.test(name)
  return {
    node,
    functionNode: graph.child(node, 'function', 'internal'),
    asynchronous: generator ? 'generator' : results.length > 0 ? 'function' : null,
    results,
    awaits: -1,
    awaiters: [],
  }
}

function requestPromises(graph: HeapGraph, first: number, promises: ReadonlySet<number>): number[] {
  const found: number[] = []
  const seen = new Set<number>()
  for (let request = first; request >= 0 && !seen.has(request);) {
    seen.add(request)
    let next = -1
    for (let e = graph.firstEdge(request); e < graph.endEdge(request); e++) {
      const to = graph.target(e)
      if (promises.has(to)) found.push(to)
      else if (to !== request && graph.nameOf(to) === REQUEST) next = to
    }
    request = next
  }
  return found
}

/** What a reaction goes on to: a generator that is resumed, or a promise that is settled. */
function reactionTarget(
  graph: HeapGraph,
  reaction: number,
  generators: ReadonlyMap<number, unknown>,
  promises: ReadonlySet<number>,
): { node: number; generator: boolean } | null {
  let own = -1
  let through = -1
  for (let e = graph.firstEdge(reaction); e < graph.endEdge(reaction); e++) {
    const to = graph.target(e)
    if (graph.typeOf(to) === 'closure') {
      const target = handlerTarget(graph, to, generators, promises)
      if (target === null) continue
      if (target.generator) return target
      through = target.node
    } else if (promises.has(to)) own = to
    else if (graph.nameOf(to) === CAPABILITY) own = capabilityPromise(graph, to, promises)
  }
  if (through >= 0) return { node: through, generator: false }
  return own >= 0 ? { node: own, generator: false } : null
}

/** A builtin handler keeps what it goes on to in its context; a user's closure tells nothing. */
function handlerTarget(
  graph: HeapGraph,
  closure: number,
  generators: ReadonlyMap<number, unknown>,
  promises: ReadonlySet<number>,
): { node: number; generator: boolean } | null {
  const builtin = builtinOf(graph, closure)
  if (builtin === null) return null
  const context = graph.child(closure, 'context', 'internal')
  if (context < 0) return null
  const awaiting = /^Async(Function|Generator)(Await|YieldWithAwait|Return)/.test(builtin)
  for (let e = graph.firstEdge(context); e < graph.endEdge(context); e++) {
    const to = graph.target(e)
    if (awaiting && generators.has(to)) return { node: to, generator: true }
    if (builtin.startsWith('PromiseCapabilityDefault') && promises.has(to)) return { node: to, generator: false }
    if (/^Promise(All|AllSettled|Any)\w*Element/.test(builtin) && graph.nameOf(to) === CAPABILITY) {
      const promise = capabilityPromise(graph, to, promises)
      if (promise >= 0) return { node: promise, generator: false }
    }
  }
  return null
}

/** `AsyncFunctionAwaitResolveClosure` for a builtin closure, null for others. */
export function builtinOf(graph: HeapGraph, closure: number): string | null {
  const code = graph.child(closure, 'code', 'internal')
  if (code < 0) return null
  return /^\((\w+) builtin/.exec(graph.nameOf(code))?.[1] ?? null
}

function capabilityPromise(graph: HeapGraph, capability: number, promises: ReadonlySet<number>): number {
  for (let e = graph.firstEdge(capability); e < graph.endEdge(capability); e++) {
    if (promises.has(graph.target(e))) return graph.target(e)
  }
  return -1
}

function collectAwaiters(
  promise: number,
  resumed: ReadonlyMap<number, { readonly generators: readonly number[]; readonly promises: readonly number[] }>,
  into: number[],
  seen: Set<number>,
): void {
  if (seen.has(promise) || seen.size > 1_000) return
  seen.add(promise)
  const entry = resumed.get(promise)
  if (entry === undefined) return
  into.push(...entry.generators)
  for (const settled of entry.promises) collectAwaiters(settled, resumed, into, seen)
}

/** Promises at the bottom of what a generator awaits: not settled by another promise, nor by a suspended function. */
export function leafPromises(async: AsyncGraph, promise: number): { leaves: number[]; byFunction: boolean } {
  const leaves: number[] = []
  let byFunction = false
  const seen = new Set<number>()
  const visit = (p: number): void => {
    if (seen.has(p) || seen.size > 1_000) return
    seen.add(p)
    const owner = async.ownerOf.get(p)
    if (owner !== undefined && (async.generators.get(owner)?.awaits ?? -1) >= 0) {
      byFunction = true
      return
    }
    const from = async.sources.get(p)
    if (from === undefined) leaves.push(p)
    else for (const q of from) visit(q)
  }
  visit(promise)
  return { leaves, byFunction }
}
