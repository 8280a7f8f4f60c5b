import { describe, expect, it } from 'vitest'
import { SnapshotParser } from '../../../../src/inspector/heap/snapshot-parser.js'

const SNAPSHOT = JSON.stringify({
  snapshot: {
    meta: {
      node_fields: ['type', 'name', 'id', 'self_size', 'edge_count', 'detachedness'],
      node_types: [['hidden', 'object', 'closure'], 'string', 'number', 'number', 'number', 'number'],
      edge_fields: ['type', 'name_or_index', 'to_node'],
      edge_types: [['context', 'element', 'property', 'weak'], 'string_or_number', 'node'],
      location_fields: ['object_index', 'script_id', 'line', 'column'],
    },
    node_count: 3,
    edge_count: 3,
  },
  nodes: [1, 0, 1, 8, 2, 0, 2, 1, 3, 16, 1, 0, 1, 2, 5, 24, 0, 0],
  edges: [2, 3, 6, 1, 7, 12, 3, 3, 12],
  trace_function_infos: [],
  locations: [6, 44, 9, 4],
  strings: ['Root', 'poll', 'Odd "\\ \n \u00e9', 'handler'],
})

function parse(text: string, step: number): ReturnType<SnapshotParser['finish']> {
  const parser = new SnapshotParser({ maxBytes: 1e6 })
  for (let i = 0; i < text.length; i += step) parser.feed(text.slice(i, i + step))
  return parser.finish()
}

describe('SnapshotParser', () => {
  it.each([1, 7, 100, 100_000])('reads the same graph from chunks of %i characters', (step) => {
    const graph = parse(SNAPSHOT, step)
    expect([graph.nodes, graph.edges]).toEqual([3, 3])
    expect([graph.nameOf(0), graph.nameOf(1), graph.nameOf(2)]).toEqual(['Root', 'poll', 'Odd "\\ \n \u00e9'])
    expect(graph.typeOf(1)).toBe('closure')
    expect(graph.idOf(2)).toBe(5)
    expect(graph.child(0, 'handler')).toBe(1)
    expect(graph.child(0, '[7]')).toBe(2)
    expect(graph.ownerOf(2)).toBe(1)
    expect(graph.parts.locations.get(1)).toEqual({ scriptId: 44, line: 9, column: 4 })
  })

  it('tells the holders of an object without the weak ones', () => {
    const graph = parse(SNAPSHOT, 50)
    expect([...graph.edgesTo(2)].map((edge) => graph.ownerOf(edge))).toEqual([0])
  })

  it('refuses a snapshot beyond its limit before it allocates', () => {
    const parser = new SnapshotParser({ maxBytes: 10 })
    expect(() => parser.feed(SNAPSHOT)).toThrowError(expect.objectContaining({ code: 'ERR_STALL_LIMIT' }))
  })

  it('says in which section a snapshot broke off', () => {
    const parser = new SnapshotParser({ maxBytes: 1e6 })
    parser.feed(SNAPSHOT.slice(0, SNAPSHOT.indexOf('"strings"') + 12))
    expect(() => parser.finish()).toThrowError('strings')
  })
})
