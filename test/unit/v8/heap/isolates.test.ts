import { describe, expect, it } from 'vitest'
import { toAddress } from '../../../../src/model/address.js'
import type { Mapping } from '../../../../src/platform/procfs/maps.js'
import { openRecordedMemory } from '../../../../src/platform/memory/recorded-memory.js'
import { V8Heap } from '../../../../src/v8/heap/heap.js'
import { findIsolates, HEAP_PAGE } from '../../../../src/v8/heap/isolates.js'
import { recordedProcesses } from '../../../support/recorded.js'

const ISOLATE = 0x10_0000_0000
const ARENA = 0x7f00_0000_0000
const LARGE = 0x7f10_0000_0000
const LARGE_BYTES = 0x38000
const PAGES = [1, 2, 3, 4, 5].map((index) => ARENA + index * HEAP_PAGE)

function mapping(start: number, end: number): Mapping {
  return {
    start: toAddress(start),
    end: toAddress(end),
    readable: true,
    writable: true,
    executable: false,
    shared: false,
    offset: 0,
    device: '00:00',
    inode: 0,
    path: '',
  }
}

const [node20] = recordedProcesses(/^node20-truth-hot/)
if (node20 === undefined) throw new Error('no recording of Node 20')
const { layout } = node20

/** V8 11.3: the Heap at `page.heap`, the end at `page.end` of the header. */
function header(owner: number, end: number): Uint8Array {
  const bytes = Buffer.alloc(4096)
  const word = (offset: number, value: number): void => {
    bytes.writeUInt32LE(value % 2 ** 32, offset)
    bytes.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4)
  }
  word(layout.page.heap[0] ?? 0, owner)
  word(layout.page.end[0] ?? 0, end)
  return bytes
}

/** Five pages, behind a page of something else in the same mapping, and a large object in a small mapping of its own. */
function heapBehind(foreign: Uint8Array, mappings: readonly Mapping[]): V8Heap {
  const owner = ISOLATE + layout.isolate.heap
  const runs = [
    { start: ISOLATE, bytes: new Uint8Array(1 << 17) },
    { start: ARENA, bytes: foreign },
    ...PAGES.map((start) => ({ start, bytes: header(owner, start + HEAP_PAGE) })),
    { start: LARGE, bytes: header(owner, LARGE + LARGE_BYTES) },
  ]
  return new V8Heap(openRecordedMemory({ about: {}, mappings: [...mappings], runs }), layout)
}

const isolateMapping = mapping(ISOLATE, ISOLATE + (1 << 17))
const whole = [isolateMapping, mapping(ARENA, ARENA + 6 * HEAP_PAGE), mapping(LARGE, LARGE + LARGE_BYTES)]
const expected = [...PAGES.map((start) => [start, start + HEAP_PAGE]), [LARGE, LARGE + LARGE_BYTES]]

function pagesIn(heap: V8Heap): number[][] {
  const [isolate] = findIsolates(heap)
  expect(isolate?.address).toBe(ISOLATE)
  return isolate?.pages.map((page) => [page.start, page.end]) ?? []
}

describe('findIsolates', () => {
  it('finds the pages behind foreign words that look like a page with a far end', () => {
    expect(pagesIn(heapBehind(header(ARENA + 4096, ARENA + 6 * HEAP_PAGE), whole))).toEqual(expected)
  })

  it('finds a large object whose mapping is smaller than a page', () => {
    expect(pagesIn(heapBehind(new Uint8Array(4096), whole)).at(-1)).toEqual([LARGE, LARGE + LARGE_BYTES])
  })

  it('reads a page to its end though the kernel lists it as two mappings', () => {
    const middle = (PAGES[2] ?? 0) + 4096 * 3
    const split = [
      isolateMapping,
      mapping(ARENA, middle),
      mapping(middle, ARENA + 6 * HEAP_PAGE),
      mapping(LARGE, LARGE + LARGE_BYTES),
    ]
    expect(pagesIn(heapBehind(new Uint8Array(4096), split))).toEqual(expected)
  })
})
