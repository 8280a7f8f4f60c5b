/** Calls of Node's own async functions that C++ answers, in a heap snapshot: by the scope of the function C++ was given. */
import type { WaitFacts } from '../../model/wait.js'
import { CALL_FAMILIES } from '../../resources/families.js'
import type { NativeSide, NodeObject } from '../../resources/node-object.js'
import type { AsyncGraph } from './async-graph.js'
import type { HeapGraph } from './heap-graph.js'
import { SnapshotObject } from './snapshot-object.js'

const MAX_SCOPES = 8
/** The snapshot's own node for handles of C++. */
const HANDLES = '(Global handles)'

class CallScope implements NodeObject {
  readonly className: string
  readonly #graph: HeapGraph
  readonly #closure: number

  constructor(graph: HeapGraph, className: string, closure: number) {
    this.className = className
    this.#graph = graph
    this.#closure = closure
  }

  text(...names: readonly string[]): string | null {
    return this.#first(names, (scope, name) => scope.text(name))
  }

  number(...names: readonly string[]): number | null {
    return this.#first(names, (scope, name) => scope.number(name))
  }

  flag(...names: readonly string[]): boolean | null {
    return this.#first(names, (scope, name) => scope.flag(name))
  }

  object(...names: readonly string[]): NodeObject | null {
    return this.#first(names, (scope, name) => scope.object(name))
  }

  native(): NativeSide | null {
    const graph = this.#graph
    const held = graph.edgesTo(this.#closure).some((edge) => graph.nameOf(graph.ownerOf(edge)) === HANDLES)
    return held ? { className: this.className } : null
  }

  #first<T>(names: readonly string[], read: (scope: SnapshotObject, name: string) => T | null): T | null {
    const graph = this.#graph
    let context = graph.child(this.#closure, 'context', 'internal')
    for (let depth = 0; depth < MAX_SCOPES && context >= 0; depth++) {
      const scope = new SnapshotObject(graph, context, 'context')
      for (const name of names) {
        const value = read(scope, name)
        if (value !== null) return value
      }
      context = graph.child(context, 'previous', 'internal')
    }
    return null
  }
}

/** What the call that awaits `promise` waits for; null when it is none of those that are known. */
export function waitOfCall(graph: HeapGraph, async: AsyncGraph, promise: number): WaitFacts | null {
  for (const family of CALL_FAMILIES) {
    for (const closure of callbacksOf(graph, async, promise, family)) {
      const wait = family.describeCall?.(new CallScope(graph, family.call?.function ?? '', closure)) ?? null
      if (wait !== null) return wait
    }
  }
  return null
}

function callbacksOf(
  graph: HeapGraph,
  async: AsyncGraph,
  promise: number,
  { call }: (typeof CALL_FAMILIES)[number],
): number[] {
  if (call === undefined) return []
  return (async.awaitedBy.get(promise) ?? []).flatMap((node) => {
    const generator = async.generators.get(node)
    if (generator === undefined || graph.nameOf(generator.functionNode) !== call.function) return []
    if (scriptOf(graph, generator.functionNode) !== call.script) return []
    const saved = graph.child(node, 'parameters_and_registers', 'internal')
    if (saved < 0) return []
    const found: number[] = []
    for (let e = graph.firstEdge(saved); e < graph.endEdge(saved); e++) {
      const value = graph.target(e)
      if (graph.typeOf(value) === 'closure' && graph.nameOf(value) === call.callback) found.push(value)
    }
    return found
  })
}

/** `node:internal/locks`; null when it can't be told. */
function scriptOf(graph: HeapGraph, functionNode: number): string | null {
  const shared = graph.child(functionNode, 'shared', 'internal')
  for (const edge of ['script', 'script_or_debug_info']) {
    const script = shared < 0 ? -1 : graph.child(shared, edge, 'internal')
    const name = script < 0 ? -1 : graph.child(script, 'name', 'internal')
    if (name >= 0 && graph.typeOf(name) === 'string') return graph.nameOf(name)
  }
  return null
}
