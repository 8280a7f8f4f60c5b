/**
 * V8's heap snapshot format, read as it streams in: `{"snapshot":{...},"nodes":[..],"edges":[..],...,"strings":[..]}`.
 * Numbers go into typed arrays sized by the counts in the head; nothing of the text is kept. Sections that we have no
 * use for are skipped by looking for the next one's name.
 */
import { amount, isRecord, list, record, text } from '../../model/shape.js'
import { StallError } from '../../model/stall-error.js'
import { HeapGraph, type NodeLocation } from './heap-graph.js'
import { StringTable } from './string-table.js'

interface SnapshotMeta {
  readonly node_fields: readonly string[]
  readonly node_types: readonly [readonly string[], ...unknown[]]
  readonly edge_fields: readonly string[]
  readonly edge_types: readonly [readonly string[], ...unknown[]]
  readonly location_fields?: readonly string[]
}

interface SnapshotHead {
  readonly meta: SnapshotMeta
  readonly node_count: number
  readonly edge_count: number
}

export interface SnapshotLimits {
  /** Refuse snapshots whose arrays would take more, bytes. */
  readonly maxBytes: number
}

type State = 'head' | 'between' | 'nodes' | 'edges' | 'locations' | 'strings' | 'done'

/** The names of the types stand first in a list of which the rest are texts. */
const namesFirst = (value: unknown): boolean => Array.isArray(value) && list(text)(value[0])
const isHead = record({
  meta: record({
    node_fields: list(text),
    node_types: namesFirst,
    edge_fields: list(text),
    edge_types: namesFirst,
  }),
  node_count: amount,
  edge_count: amount,
})

const QUOTE = 34
const BACKSLASH = 92
const BRACKET = 93
/** Longest head or gap between sections that is kept while looking for the next; the head is about 2 KB. */
const MAX_HEAD_CHARS = 1 << 20

const EMPTY32 = new Uint32Array(0)
const EMPTY8 = new Uint8Array(0)

export class SnapshotParser {
  readonly #limits: SnapshotLimits
  #state: State = 'head'
  #text = ''
  #head: SnapshotHead | null = null
  #nodeRole: number[] = []
  #edgeRole: number[] = []
  #type = EMPTY8
  #name = EMPTY32
  #id = EMPTY32
  #firstEdge = EMPTY32
  #edgeType = EMPTY8
  #edgeName = EMPTY32
  #edgeTo = EMPTY32
  readonly #locations = new Map<number, NodeLocation>()
  readonly #strings = new StringTable()
  // The number being read, the field it is, the record it belongs to: kept between chunks.
  #number = 0
  #inNumber = false
  #field = 0
  #record = 0
  #edgesSoFar = 0
  #location: number[] = []
  #inString = false
  #escape = 0
  #code = 0

  constructor(limits: SnapshotLimits) {
    this.#limits = limits
  }

  /** @throws StallError ERR_STALL_LIMIT when the snapshot is larger than allowed, ERR_STALL_CAPTURE_FAILED when it is none */
  feed(chunk: string): void {
    let rest = chunk
    try {
      while (rest !== '' && this.#state !== 'done') rest = this.#step(rest)
    } catch (thrown) {
      // Whoever listens on a debug port may send anything: no JSON, fields of another type, counts below nothing.
      throw thrown instanceof StallError ? thrown : noSnapshot(thrown)
    }
  }

  /** @throws StallError ERR_STALL_CAPTURE_FAILED when the text ended before the snapshot did */
  finish(): HeapGraph {
    const head = this.#head
    if (this.#state !== 'done' || head === null) {
      throw new StallError('ERR_STALL_CAPTURE_FAILED', `heap snapshot ended in its ${this.#state} section`)
    }
    return new HeapGraph({
      nodeTypes: head.meta.node_types[0],
      edgeTypes: head.meta.edge_types[0],
      type: this.#type,
      name: this.#name,
      id: this.#id,
      firstEdge: this.#firstEdge,
      edgeType: this.#edgeType,
      edgeName: this.#edgeName,
      edgeTo: this.#edgeTo,
      strings: this.#strings,
      locations: this.#locations,
    })
  }

  #step(chunk: string): string {
    switch (this.#state) {
      case 'head':
        return this.#readHead(chunk)
      case 'between':
        return this.#seek(chunk)
      case 'nodes':
      case 'edges':
      case 'locations':
        return this.#readNumbers(chunk)
      case 'strings':
        return this.#readStrings(chunk)
      case 'done':
        return ''
    }
  }

  #readHead(chunk: string): string {
    this.#text += chunk
    const at = this.#text.indexOf('"nodes":[')
    if (at < 0) {
      if (this.#text.length > MAX_HEAD_CHARS) throw noSnapshot()
      return ''
    }
    const json = `${this.#text.slice(0, at).trimEnd().replace(/,$/, '')}}`
    const rest = this.#text.slice(at + '"nodes":['.length)
    this.#text = ''
    const parsed: unknown = JSON.parse(json)
    const head = isRecord(parsed) ? parsed['snapshot'] : null
    if (!isHead(head)) throw noSnapshot()
    this.#begin(head as SnapshotHead)
    this.#state = 'nodes'
    return rest
  }

  #begin(head: SnapshotHead): void {
    const bytes = head.node_count * 17 + head.edge_count * 13
    if (bytes > this.#limits.maxBytes) {
      throw new StallError(
        'ERR_STALL_LIMIT',
        `heap snapshot has ${head.node_count} objects and ${head.edge_count} references: reading it takes ${Math.round(bytes / 1e6)} MB, ${Math.round(this.#limits.maxBytes / 1e6)} are allowed`,
        { help: 'use the memory engine: conductor-diag dump PID --engine memory' },
      )
    }
    this.#head = head
    this.#nodeRole = head.meta.node_fields.map((field) => ['', 'type', 'name', 'id', 'edge_count'].indexOf(field))
    this.#edgeRole = head.meta.edge_fields.map((field) => ['type', 'name_or_index', 'to_node'].indexOf(field))
    this.#type = new Uint8Array(head.node_count)
    this.#name = new Uint32Array(head.node_count)
    this.#id = new Uint32Array(head.node_count)
    this.#firstEdge = new Uint32Array(head.node_count + 1)
    this.#edgeType = new Uint8Array(head.edge_count)
    this.#edgeName = new Uint32Array(head.edge_count)
    this.#edgeTo = new Uint32Array(head.edge_count)
  }

  #seek(chunk: string): string {
    this.#text += chunk
    const found = /"(edges|locations|strings)":\[/.exec(this.#text)
    if (found === null) {
      this.#text = this.#text.slice(-64)
      return ''
    }
    const rest = this.#text.slice(found.index + found[0].length)
    this.#text = ''
    this.#state = found[1] as State
    this.#field = 0
    this.#record = 0
    this.#number = 0
    this.#inNumber = false
    return rest
  }

  /** The hot loop: kept to one pass over the characters, with the state in locals. */
  #readNumbers(chunk: string): string {
    let number = this.#number
    let inNumber = this.#inNumber
    for (let i = 0; i < chunk.length; i++) {
      const code = chunk.charCodeAt(i)
      if (code >= 48 && code <= 57) {
        number = number * 10 + code - 48
        inNumber = true
        continue
      }
      if (inNumber) {
        this.#take(number)
        number = 0
        inNumber = false
      }
      if (code === BRACKET) {
        if (this.#state === 'nodes') this.#firstEdge[this.#type.length] = this.#edgesSoFar
        this.#state = 'between'
        return chunk.slice(i + 1)
      }
    }
    this.#number = number
    this.#inNumber = inNumber
    return ''
  }

  #take(number: number): void {
    if (this.#state === 'nodes') this.#takeNode(number)
    else if (this.#state === 'edges') this.#takeEdge(number)
    else this.#takeLocation(number)
  }

  #takeNode(number: number): void {
    const record = this.#record
    switch (this.#nodeRole[this.#field]) {
      case 1:
        this.#type[record] = number
        break
      case 2:
        this.#name[record] = number
        break
      case 3:
        this.#id[record] = number
        break
      case 4:
        this.#firstEdge[record] = this.#edgesSoFar
        this.#edgesSoFar += number
        break
      default:
    }
    if (++this.#field === this.#nodeRole.length) {
      this.#field = 0
      this.#record++
    }
  }

  #takeEdge(number: number): void {
    const record = this.#record
    switch (this.#edgeRole[this.#field]) {
      case 0:
        this.#edgeType[record] = number
        break
      case 1:
        this.#edgeName[record] = number
        break
      case 2:
        this.#edgeTo[record] = number / this.#nodeRole.length
        break
      default:
    }
    if (++this.#field === this.#edgeRole.length) {
      this.#field = 0
      this.#record++
    }
  }

  #takeLocation(number: number): void {
    this.#location.push(number)
    const [node, scriptId, line, column] = this.#location
    if (node === undefined || scriptId === undefined || line === undefined || column === undefined) return
    this.#locations.set(node / this.#nodeRole.length, { scriptId, line, column })
    this.#location = []
  }

  #readStrings(chunk: string): string {
    const strings = this.#strings
    for (let i = 0; i < chunk.length; i++) {
      const unit = chunk.charCodeAt(i)
      if (!this.#inString) {
        if (unit === QUOTE) this.#inString = true
        else if (unit === BRACKET) {
          this.#state = 'done'
          return ''
        }
      } else if (this.#escape > 1) {
        // Four hexadecimal digits of \uXXXX, counted down.
        this.#code = this.#code * 16 + Number.parseInt(String.fromCharCode(unit), 16)
        if (--this.#escape === 1) {
          strings.push(this.#code)
          this.#escape = 0
        }
      } else if (this.#escape === 1) {
        this.#escape = 0
        if (unit === 117) {
          this.#escape = 5
          this.#code = 0
        } else strings.push(ESCAPES.get(unit) ?? unit)
      } else if (unit === BACKSLASH) this.#escape = 1
      else if (unit === QUOTE) {
        this.#inString = false
        strings.end()
      } else strings.push(unit)
    }
    return ''
  }
}

/** `n t r b f` after a backslash. */
const ESCAPES = new Map([
  [110, 10],
  [116, 9],
  [114, 13],
  [98, 8],
  [102, 12],
])

function noSnapshot(cause?: unknown): StallError {
  return new StallError('ERR_STALL_CAPTURE_FAILED', 'what was received is not a heap snapshot', { cause })
}
