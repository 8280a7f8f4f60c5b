/** One of Node's objects in a heap snapshot: its own properties are edges; of its C++ side nothing is there. */
import type { NodeObject } from '../../resources/node-object.js'
import type { HeapGraph } from './heap-graph.js'

/** Of a snapshot's node types those that are objects with properties. */
const OBJECTS: ReadonlySet<string> = new Set(['object', 'native'])
const MAX_ROPE = 200
/** V8 14 keeps a variable that is written to in a cell of its own. */
const CELL = 'system / ContextCell'

export class SnapshotObject implements NodeObject {
  readonly node: number
  readonly #graph: HeapGraph
  readonly #edges: 'property' | 'context'

  /** @param edges `context`: of a scope, whose variables are read like properties */
  constructor(graph: HeapGraph, node: number, edges: 'property' | 'context' = 'property') {
    this.#graph = graph
    this.#edges = edges
    this.node = node
  }

  get className(): string {
    return this.#graph.nameOf(this.node)
  }

  text(...names: readonly string[]): string | null {
    return textOf(this.#graph, this.#child(names), MAX_ROPE)
  }

  number(...names: readonly string[]): number | null {
    const graph = this.#graph
    const node = this.#child(names)
    if (node < 0 || graph.typeOf(node) !== 'number') return null
    const value = graph.child(node, 'value')
    const number = Number(value >= 0 ? graph.nameOf(value) : graph.nameOf(node))
    return Number.isFinite(number) ? number : null
  }

  flag(...names: readonly string[]): boolean | null {
    const node = this.#child(names)
    const name = node < 0 || this.#graph.typeOf(node) === 'string' ? '' : this.#graph.nameOf(node)
    return /(?:^|\W)true$/.test(name) ? true : /(?:^|\W)false$/.test(name) ? false : null
  }

  object(...names: readonly string[]): SnapshotObject | null {
    const node = this.#child(names)
    return node < 0 || !OBJECTS.has(this.#graph.typeOf(node)) ? null : new SnapshotObject(this.#graph, node)
  }

  native(): null {
    return null
  }

  /** A symbol has its description in angle brackets. */
  #child(names: readonly string[]): number {
    for (const name of names) {
      const edge = name.startsWith('[') ? `<symbol ${name.slice(1, -1)}>` : name
      const node = this.#graph.child(this.node, edge, this.#edges)
      if (node >= 0) return this.#graph.nameOf(node) === CELL ? valueOf(this.#graph, node) : node
    }
    return -1
  }
}

/** What a cell keeps, beside its map and the code that depends on it; -1 for a number, which has no node. */
function valueOf(graph: HeapGraph, cell: number): number {
  for (let e = graph.firstEdge(cell); e < graph.endEdge(cell); e++) {
    const type = graph.typeOf(graph.target(e))
    if (type !== 'hidden' && type !== 'code' && type !== 'object shape') return graph.target(e)
  }
  return -1
}

/** A string may be a rope of others. */
function textOf(graph: HeapGraph, node: number, left: number): string | null {
  if (node < 0 || left <= 0) return null
  const type = graph.typeOf(node)
  if (type === 'string') return graph.nameOf(node)
  if (type !== 'concatenated string' && type !== 'sliced string') return null
  const first = textOf(graph, graph.child(node, 'first'), left - 1)
  const second = textOf(graph, graph.child(node, 'second'), left - 1)
  return first === null || second === null ? null : first + second
}
