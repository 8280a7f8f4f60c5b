/** A parsed heap snapshot: typed arrays only, 13 bytes a node and 9 an edge; 4 more for each once holders are asked for. */
import type { StringTable } from './string-table.js'

/** Where a closure or generator was defined, as the snapshot's location table has it; line and column count from 0. */
export interface NodeLocation {
  readonly scriptId: number
  readonly line: number
  readonly column: number
}

export interface HeapGraphParts {
  readonly nodeTypes: readonly string[]
  readonly edgeTypes: readonly string[]
  readonly type: Uint8Array
  readonly name: Uint32Array
  readonly id: Uint32Array
  /** Index of each node's first edge; one entry more than there are nodes. */
  readonly firstEdge: Uint32Array
  readonly edgeType: Uint8Array
  /** String index, or a number for element and hidden edges. */
  readonly edgeName: Uint32Array
  readonly edgeTo: Uint32Array
  readonly strings: StringTable
  readonly locations: ReadonlyMap<number, NodeLocation>
}

export class HeapGraph {
  readonly nodes: number
  readonly edges: number
  readonly parts: HeapGraphParts
  readonly #element: number
  readonly #hidden: number
  readonly #weak: number
  #holderStart: Uint32Array | null = null
  #holderEdges: Uint32Array | null = null

  constructor(parts: HeapGraphParts) {
    this.parts = parts
    this.nodes = parts.type.length
    this.edges = parts.edgeType.length
    this.#element = parts.edgeTypes.indexOf('element')
    this.#hidden = parts.edgeTypes.indexOf('hidden')
    this.#weak = parts.edgeTypes.indexOf('weak')
  }

  typeOf(node: number): string {
    return this.parts.nodeTypes[this.parts.type[node] ?? 0] ?? ''
  }

  nameOf(node: number): string {
    return this.parts.strings.get(this.parts.name[node] ?? 0)
  }

  idOf(node: number): number {
    return this.parts.id[node] ?? 0
  }

  edgeTypeOf(edge: number): string {
    return this.parts.edgeTypes[this.parts.edgeType[edge] ?? 0] ?? ''
  }

  /** Property or slot name; `[3]` for elements, '' for hidden ones. */
  edgeNameOf(edge: number): string {
    const type = this.parts.edgeType[edge]
    const name = this.parts.edgeName[edge] ?? 0
    if (type === this.#element) return `[${name}]`
    return type === this.#hidden ? '' : this.parts.strings.get(name)
  }

  target(edge: number): number {
    return this.parts.edgeTo[edge] ?? 0
  }

  /** [first, end) of a node's edges. */
  firstEdge(node: number): number {
    return this.parts.firstEdge[node] ?? 0
  }

  endEdge(node: number): number {
    return this.parts.firstEdge[node + 1] ?? 0
  }

  /** Target of the first edge of that name, -1 without one. */
  child(node: number, name: string, type?: string): number {
    for (let e = this.firstEdge(node); e < this.endEdge(node); e++) {
      if (this.edgeNameOf(e) === name && (type === undefined || this.edgeTypeOf(e) === type)) return this.target(e)
    }
    return -1
  }

  isWeak(edge: number): boolean {
    return this.parts.edgeType[edge] === this.#weak
  }

  /** The node an edge starts from. */
  ownerOf(edge: number): number {
    const first = this.parts.firstEdge
    let low = 0
    let high = this.nodes - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((first[middle] ?? 0) <= edge) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Edges that lead to `node`, weak ones left out. Builds the reverse index at the first call. */
  edgesTo(node: number): Uint32Array {
    if (this.#holderStart === null || this.#holderEdges === null) this.#indexHolders()
    const start = this.#holderStart?.[node] ?? 0
    const end = this.#holderStart?.[node + 1] ?? 0
    return this.#holderEdges?.subarray(start, end) ?? new Uint32Array(0)
  }

  #indexHolders(): void {
    const { edgeTo, edgeType } = this.parts
    const start = new Uint32Array(this.nodes + 1)
    for (let e = 0; e < this.edges; e++) {
      if (edgeType[e] === this.#weak) continue
      const to = (edgeTo[e] ?? 0) + 1
      start[to] = (start[to] ?? 0) + 1
    }
    for (let i = 0; i < this.nodes; i++) start[i + 1] = (start[i + 1] ?? 0) + (start[i] ?? 0)
    const next = start.slice()
    const edges = new Uint32Array(start[this.nodes] ?? 0)
    for (let e = 0; e < this.edges; e++) {
      if (edgeType[e] === this.#weak) continue
      const to = edgeTo[e] ?? 0
      const at = next[to] ?? 0
      edges[at] = e
      next[to] = at + 1
    }
    this.#holderStart = start
    this.#holderEdges = edges
  }
}
