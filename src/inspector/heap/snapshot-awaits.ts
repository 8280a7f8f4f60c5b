/**
 * The await tree through a heap snapshot: where memory can't be read (macOS, Windows, an unknown V8), and in tests as
 * the second opinion. It pauses the target, for seconds on a large heap, so it is never taken unasked and never
 * beyond the heap size that was set. The pause is measured and told.
 */
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { buildAwaitTree, type SuspendedFunction } from '../../model/await-grouping.js'
import type { AwaitFunctionKind, AwaitTree, WaitHolder, WaitFacts } from '../../model/await.js'
import { StallError } from '../../model/stall-error.js'
import type { CdpConnection } from '../connection/cdp-connection.js'
import { leafPromises, readAsyncGraph, type AsyncGraph, type SnapshotGenerator } from './async-graph.js'
import type { HeapGraph } from './heap-graph.js'
import { locateGenerator, releaseLocated, type SuspendedAt } from './locate.js'
import { findSettler, type SnapshotWait } from './settlers.js'
import { SnapshotParser } from './snapshot-parser.js'

export interface SnapshotAwaitsOptions {
  /** Refuse above this much used heap, bytes. */
  readonly maxHeapBytes: number
  /** Bound of our own memory for the parsed snapshot, bytes. */
  readonly maxReaderBytes: number
  /** Monotonic ms (`performance.now()`) at which the tree must be there: what is not located by then has no line. */
  readonly deadlineMs: number
  /** Most distinct places whose line is asked for. */
  readonly maxLocated?: number
}

export const DEFAULT_SNAPSHOT_OPTIONS = { maxHeapBytes: 256 << 20, maxReaderBytes: 1 << 30 } as const
const DEFAULT_MAX_LOCATED = 200
/** Leaves for which the settler is sought, a place and chain. */
const SAMPLES_PER_PLACE = 2

/** @throws StallError ERR_STALL_LIMIT when heap or snapshot are too large */
export async function awaitsFromSnapshot(
  session: CdpConnection,
  options: SnapshotAwaitsOptions,
): Promise<AwaitTree<WaitFacts>> {
  const usage = await session.send('Runtime.getHeapUsage', undefined, options.deadlineMs)
  if (usage.usedSize > options.maxHeapBytes) {
    throw new StallError(
      'ERR_STALL_LIMIT',
      `a heap snapshot of ${Math.round(usage.usedSize / 1e6)} MB would pause the process too long; ${Math.round(options.maxHeapBytes / 1e6)} MB are allowed`,
      { help: 'Look from memory (conductor-diag dump PID --engine memory), or allow more: --heap-limit MB.' },
    )
  }
  const { graph, pausedMs } = await takeSnapshot(session, options)
  const asked = performance.now()
  const tree = await readTree(graph, session, options)
  // Every look-up walks the heap on the target's own thread.
  return { ...tree, pausedMs: pausedMs + (performance.now() - asked) }
}

async function takeSnapshot(
  session: CdpConnection,
  options: SnapshotAwaitsOptions,
): Promise<{ graph: HeapGraph; pausedMs: number }> {
  const parser = new SnapshotParser({ maxBytes: options.maxReaderBytes })
  let failure: unknown = null
  const remove = session.on('HeapProfiler.addHeapSnapshotChunk', (params) => {
    if (failure !== null) return
    try {
      parser.feed(params.chunk)
    } catch (thrown) {
      // The rest of the snapshot still arrives; there is no way to call it off.
      failure = thrown
    }
  })
  const started = performance.now()
  try {
    const asked = { reportProgress: false, captureNumericValue: true }
    await session.send('HeapProfiler.takeHeapSnapshot', asked, options.deadlineMs)
  } finally {
    remove()
  }
  const pausedMs = performance.now() - started
  if (failure !== null) throw failure
  return { graph: parser.finish(), pausedMs }
}

async function readTree(
  graph: HeapGraph,
  session: CdpConnection,
  options: SnapshotAwaitsOptions,
): Promise<AwaitTree<WaitFacts>> {
  const async = readAsyncGraph(graph)
  const waiting = [...async.generators.values()].filter((generator) => generator.awaits >= 0)
  const index = new Map(waiting.map((generator, i) => [generator.node, i]))
  const notes: string[] = []
  const places = await locateAll(graph, async, waiting, session, options, notes)
  const waits = findWaits(graph, async, waiting, places)
  const functions = waiting.map((generator): SuspendedFunction => {
    const { leaves, byFunction } = leafPromises(async, generator.awaits)
    const place = places.get(generator.node)
    const wait = leaves.map((promise) => waits.get(promise)).find((found) => found !== undefined) ?? null
    return {
      function: functionName(graph, generator.functionNode),
      file: scriptFile(graph, generator.functionNode),
      line: place === undefined ? null : place.line + 1,
      column: place === undefined ? null : place.column + 1,
      kind: kindOf(generator),
      awaiters: generator.awaiters.flatMap((node) => index.get(node) ?? []),
      awaitsListed: byFunction,
      waitsFor: wait === null || byFunction ? null : withHolders(graph, async, wait, places, generator.node),
    }
  })
  return buildAwaitTree(functions, { engine: 'heap-snapshot', pausedMs: 0, notes })
}

/** Functions alike in function and chain are at one place: mostly. Those that are not share the place of the first. */
async function locateAll(
  graph: HeapGraph,
  async: AsyncGraph,
  waiting: readonly SnapshotGenerator[],
  session: CdpConnection,
  options: SnapshotAwaitsOptions,
  notes: string[],
): Promise<Map<number, SuspendedAt>> {
  const alike = new Map<string, SnapshotGenerator[]>()
  for (const generator of waiting) {
    const key = `${graph.child(generator.functionNode, 'shared', 'internal')}:${chainKey(graph, async, generator)}:${leafKey(graph, async, generator)}`
    const list = alike.get(key)
    if (list === undefined) alike.set(key, [generator])
    else list.push(generator)
  }
  const places = new Map<number, SuspendedAt>()
  let left = options.maxLocated ?? DEFAULT_MAX_LOCATED
  let skipped = 0
  for (const list of alike.values()) {
    const first = list[0]
    if (first === undefined) continue
    if (left-- <= 0 || performance.now() > options.deadlineMs) {
      skipped++
      continue
    }
    const place = await locateGenerator(session, graph.idOf(first.node), options.deadlineMs)
    if (place !== null) for (const generator of list) places.set(generator.node, place)
  }
  await releaseLocated(session, options.deadlineMs)
  if (skipped > 0)
    notes.push(
      `${skipped} places have no line: the bound of ${options.maxLocated ?? DEFAULT_MAX_LOCATED} look-ups or the deadline was reached`,
    )
  return places
}

function chainKey(graph: HeapGraph, async: AsyncGraph, generator: SnapshotGenerator): string {
  const parts: number[] = []
  const seen = new Set<number>()
  for (
    let at: SnapshotGenerator | undefined = generator;
    at !== undefined && !seen.has(at.node) && parts.length < 50;
  ) {
    seen.add(at.node)
    parts.push(graph.child(at.functionNode, 'shared', 'internal'))
    const next: number | undefined = at.awaiters[0]
    at = next === undefined ? undefined : async.generators.get(next)
  }
  return parts.join('<')
}

/** Two awaits of one function differ in what they await: the owner of the promise, or how it will be settled. */
function leafKey(graph: HeapGraph, async: AsyncGraph, generator: SnapshotGenerator): string {
  const owner = async.ownerOf.get(generator.awaits)
  if (owner !== undefined)
    return String(graph.child(async.generators.get(owner)?.functionNode ?? 0, 'shared', 'internal'))
  return String(async.sources.get(generator.awaits)?.length ?? 0)
}

function findWaits(
  graph: HeapGraph,
  async: AsyncGraph,
  waiting: readonly SnapshotGenerator[],
  places: ReadonlyMap<number, SuspendedAt>,
): Map<number, SnapshotWait> {
  const perPlace = new Map<string, { count: number; first: SnapshotWait | null }>()
  const waits = new Map<number, SnapshotWait>()
  for (const generator of waiting) {
    const { leaves, byFunction } = leafPromises(async, generator.awaits)
    if (byFunction) continue
    const place = places.get(generator.node)
    const key = `${graph.child(generator.functionNode, 'shared', 'internal')}:${place?.line}:${place?.column}:${chainKey(graph, async, generator)}`
    const alike = perPlace.get(key) ?? { count: 0, first: null }
    perPlace.set(key, alike)
    for (const promise of leaves) {
      const known = waits.get(promise)
      // Those beyond the samples are alike in function, place and chain: what holds for the first is said of them too.
      const sampled = known ?? (alike.count >= SAMPLES_PER_PLACE ? alike.first : null)
      const wait = sampled ?? findSettler(graph, async, promise)
      waits.set(promise, wait)
      alike.first ??= wait
    }
    alike.count++
  }
  return waits
}

function withHolders(
  graph: HeapGraph,
  async: AsyncGraph,
  wait: SnapshotWait,
  places: ReadonlyMap<number, SuspendedAt>,
  self: number,
): WaitFacts {
  const holders = wait.holders
    .filter((node) => node !== self)
    .slice(0, 5)
    .flatMap((node): WaitHolder[] => {
      const generator = async.generators.get(node)
      if (generator === undefined) return []
      const place = places.get(node)
      return [
        {
          function: functionName(graph, generator.functionNode),
          file: scriptFile(graph, generator.functionNode),
          line: place === undefined ? null : place.line + 1,
          column: place === undefined ? null : place.column + 1,
        },
      ]
    })
  return holders.length === 0 || wait.waitsFor.kind !== 'lock' ? wait.waitsFor : { ...wait.waitsFor, holders }
}

function kindOf(generator: SnapshotGenerator): AwaitFunctionKind {
  return generator.asynchronous === 'generator' ? 'async generator' : 'async function'
}

function functionName(graph: HeapGraph, functionNode: number): string | null {
  const name = functionNode < 0 ? '' : graph.nameOf(functionNode)
  return name === '' ? null : name
}

function scriptFile(graph: HeapGraph, functionNode: number): string | null {
  const shared = functionNode < 0 ? -1 : graph.child(functionNode, 'shared', 'internal')
  if (shared < 0) return null
  for (const edge of ['script', 'script_or_debug_info']) {
    const script = graph.child(shared, edge, 'internal')
    const name = script < 0 ? -1 : graph.child(script, 'name', 'internal')
    if (name < 0 || graph.typeOf(name) !== 'string') continue
    const text = graph.nameOf(name)
    return text.startsWith('file:') ? fileURLToPath(text) : text === '' ? null : text
  }
  return null
}
