/**
 * What could still settle a promise, by walking from its resolving functions to whoever holds them, up to the nearest
 * resource. Merely holding a promise settles nothing, so the first step is narrow: a resolving function's context, a
 * reaction or capability that the promise was derived for, a native request.
 *
 * Unlike the memory engine this one can't read which variables a closure mentions, so what it names is the nearest
 * resource and not a proof; the tree says so.
 */
import type { PathPart, ResourceWait, WaitFacts } from '../../model/wait.js'
import { describeByName, isNamed } from '../../resources/families.js'
import type { AsyncGraph } from './async-graph.js'
import { waitOfCall } from './call-scope.js'
import type { HeapGraph } from './heap-graph.js'
import { SnapshotObject } from './snapshot-object.js'

export interface SnapshotWait {
  readonly waitsFor: WaitFacts
  /** Suspended functions met on the way up: holders of a lock. */
  readonly holders: readonly number[]
}

const MAX_VISITED = 4_000
/** Builtin edges that keep an object alive without leading to somebody who could use it. */
const SKIPPED_EDGES = new Set([
  'map',
  '__proto__',
  'prototype',
  'scope_info',
  'code',
  'shared',
  'feedback_cell',
  'reactions_or_result',
  'constructor',
])
const STREAMS = new Set(['Readable', 'PassThrough', 'Transform', 'Duplex', 'ReadStream', 'WriteStream', 'Interface'])

interface Step {
  /** The node one step nearer to the promise. */
  readonly from: number
  readonly edge: number
}

/** The nearest resource that can settle `promise`. */
export function findSettler(graph: HeapGraph, async: AsyncGraph, promise: number): SnapshotWait {
  const call = waitOfCall(graph, async, promise)
  if (call !== null) return { waitsFor: call, holders: [] }
  const steps = new Map<number, Step | null>([[promise, null]])
  const queue = [promise]
  const holders: number[] = []
  let emitter = -1
  let root = -1
  for (let head = 0; head < queue.length && steps.size < MAX_VISITED; head++) {
    const node = queue[head] ?? 0
    for (const edge of graph.edgesTo(node)) {
      const holder = graph.ownerOf(edge)
      if (steps.has(holder) || !leadsOn(graph, async, promise, node, holder, edge)) continue
      if (async.generators.has(holder)) {
        if ((async.generators.get(holder)?.awaits ?? -1) >= 0 && !holders.includes(holder)) {
          steps.set(holder, { from: node, edge })
          holders.push(holder)
        }
        continue
      }
      steps.set(holder, { from: node, edge })
      const resource = graph.typeOf(holder) === 'object' ? describeByName(new SnapshotObject(graph, holder)) : null
      if (resource !== null) return { waitsFor: onWay(graph, steps, holder, resource), holders }
      if (emitter < 0 && isEmitter(graph, holder)) emitter = holder
      if (isRoot(graph, holder)) {
        if (root < 0) root = holder
        continue
      }
      queue.push(holder)
    }
  }
  if (emitter >= 0) {
    return { waitsFor: onWay(graph, steps, emitter, describeEmitter(graph, steps, emitter)), holders }
  }
  if (root >= 0) return { waitsFor: heldBy(graph, steps, root), holders }
  if (steps.size >= MAX_VISITED || holders.length > 0) {
    return { waitsFor: { kind: 'unknown', why: 'not-near' }, holders }
  }
  return { waitsFor: { kind: 'nothing', why: 'not-in-snapshot' }, holders }
}

function leadsOn(
  graph: HeapGraph,
  async: AsyncGraph,
  promise: number,
  node: number,
  holder: number,
  edge: number,
): boolean {
  const type = graph.typeOf(holder)
  const name = graph.nameOf(holder)
  if (type === 'synthetic' || type === 'code' || type === 'hidden' || name.startsWith('system / NativeContext'))
    return false
  if (name === 'system / WeakCell' || name === 'system / AsyncGeneratorRequest') return false
  if (name === 'WeakMap' || name === 'system / EphemeronHashTable') return false
  const edgeName = graph.edgeNameOf(edge)
  if (SKIPPED_EDGES.has(edgeName)) return false
  if (node === promise) {
    // A user's variable that holds the promise is a slot with a name; a resolving function's is not.
    if (name === 'system / Context') return graph.edgeTypeOf(edge) !== 'context'
    if (name === 'system / PromiseReaction' || name === 'system / PromiseCapability') return true
    return type === 'native' || isNamed(name)
  }
  if (async.generators.has(node)) return false
  return name !== 'system / PromiseReaction' || graph.typeOf(node) === 'closure'
}

function isEmitter(graph: HeapGraph, node: number): boolean {
  return graph.typeOf(node) === 'object' && graph.child(node, '_events', 'property') >= 0
}

/** A context that lives as long as its module, or the global object. */
function isRoot(graph: HeapGraph, node: number): boolean {
  const name = graph.nameOf(node)
  if (name === 'Object / global' || name.startsWith('global') || name === 'system / PropertyCell') return true
  if (!name.startsWith('system / Context')) return false
  const previous = graph.child(node, 'previous', 'internal')
  return previous >= 0 && graph.nameOf(previous).startsWith('system / NativeContext')
}

function partsFrom(graph: HeapGraph, steps: ReadonlyMap<number, Step | null>, end: number): PathPart[] {
  const parts: PathPart[] = []
  for (let node = end, step = steps.get(end); step !== null && step !== undefined;) {
    const edge = graph.edgeNameOf(step.edge)
    const raw = graph.nameOf(node)
    const name = raw.replace(/^system \/ | \/ .*$/g, '')
    if (name === 'Context') {
      const role = isRoot(graph, node) ? 'module' : 'scope'
      parts.push({ name: role, slot: edge === '' ? '' : `{${edge}}`, role })
    } else if (graph.typeOf(node) === 'closure') {
      parts.push({ name: `${name || '(anonymous)'}()`, slot: '', role: 'function' })
    } else if (name === 'Array' || name === 'Map' || name === 'Set') {
      parts.push({ name, slot: '', role: 'collection' })
    } else if (name !== '' && !name.startsWith('(')) {
      parts.push({ name, slot: edge === '' ? '' : `.${edge}`, role: 'object' })
    }
    node = step.from
    step = steps.get(node)
  }
  return parts.slice(0, 12)
}

function onWay(
  graph: HeapGraph,
  steps: ReadonlyMap<number, Step | null>,
  node: number,
  resource: ResourceWait,
): WaitFacts {
  return {
    ...resource,
    owner: resource.owner ?? graph.nameOf(node),
    parts: partsFrom(graph, steps, node),
    unproved: 'nearest-in-snapshot',
  }
}

function describeEmitter(graph: HeapGraph, steps: ReadonlyMap<number, Step | null>, node: number): ResourceWait {
  const name = graph.nameOf(node)
  const kind = STREAMS.has(name) ? 'stream' : 'emitter'
  const parts = partsFrom(graph, steps, node)
  // `properties` is the table of an object with many keys, whose key is not in the path.
  const at = parts.findIndex((part) => part.slot === '._events')
  const slot = at < 0 ? '' : (parts[at + 1]?.slot ?? '')
  if (!slot.startsWith('.') || slot === '.properties') return { kind, owner: name }
  const event = slot.slice(1)
  return { kind, owner: name, event }
}

/** Held by a variable of a module or by the global object: a lock or queue of user code when it lies in a collection. */
function heldBy(graph: HeapGraph, steps: ReadonlyMap<number, Step | null>, root: number): WaitFacts {
  let queue = false
  let owner = ''
  for (let node = root, step = steps.get(root); step !== null && step !== undefined;) {
    const name = graph.nameOf(node)
    if (graph.typeOf(node) === 'array' || name === 'Array' || name === 'Map' || name === 'Set') queue = true
    else if (graph.typeOf(node) === 'object' && !queue && name !== 'Object' && !/^(system|global)/.test(name))
      owner = name
    node = step.from
    step = steps.get(node)
  }
  const parts = partsFrom(graph, steps, root)
  if (!queue) return { kind: 'unknown', why: 'held', parts }
  return { kind: 'lock', parts, ...(owner === '' ? {} : { owner }) }
}
