import { describe, expect, it } from 'vitest'
import { toAddress } from '../../../../src/model/address.js'
import { openRecordedMemory } from '../../../../src/platform/memory/recorded-memory.js'
import { HeapBlocks, heapRanges, makeFilter, matchWords } from '../../../../src/v8/heap/heap-blocks.js'
import { scanHolders } from '../../../../src/awaits/search/reverse-scan.js'

const BASE = 0x2000_0000_0000

/** A heap of 64-bit words at BASE; `refs` says which word holds which value. */
function heapOf(words: number, refs: ReadonlyMap<number, number>): ReturnType<typeof openRecordedMemory> {
  const bytes = new Uint8Array(words * 8)
  const view = new DataView(bytes.buffer)
  for (const [index, value] of refs) {
    view.setUint32(index * 8, value % 2 ** 32, true)
    view.setUint32(index * 8 + 4, Math.floor(value / 2 ** 32), true)
  }
  return openRecordedMemory({ about: {}, mappings: [], runs: [{ start: BASE, bytes }] })
}

const page = (start: number, end: number) => ({ start: toAddress(start), end: toAddress(end) })
const never = (): boolean => false

describe('heapRanges', () => {
  it('joins pages that follow one another, in whatever order they came', () => {
    const memory = heapOf(8, new Map())
    const ranges = heapRanges(memory, [
      page(BASE + 4096, BASE + 8192),
      page(BASE, BASE + 4096),
      page(BASE + 12_288, BASE + 16_384),
    ])
    expect(ranges).toEqual([page(BASE, BASE + 8192), page(BASE + 12_288, BASE + 16_384)])
  })
})

describe('matchWords', () => {
  it('finds exactly the wanted words, though others share their filter entry', () => {
    const wanted = BASE + 1
    const alike = wanted + 2 ** 32
    const memory = heapOf(
      64,
      new Map([
        [3, wanted],
        [5, alike],
        [60, wanted],
      ]),
    )
    const blocks = new HeapBlocks(memory, [page(BASE, BASE + 512)], 0)
    const hits: number[] = []
    blocks.visit(
      (base, words) => matchWords(base, words, makeFilter([wanted]), new Map([[wanted, true]]), (at) => hits.push(at)),
      never,
    )
    expect(hits).toEqual([BASE + 24, BASE + 480])
  })
})

describe('HeapBlocks', () => {
  it('reads a kept heap once, and one that is too large each time', () => {
    for (const [keepBytes, reads] of [
      [4096, 1],
      [8, 2],
    ] as const) {
      const memory = heapOf(512, new Map())
      const blocks = new HeapBlocks(memory, [page(BASE, BASE + 4096)], keepBytes)
      blocks.visit(() => undefined, never, true)
      const once = memory.bytesRead
      blocks.visit(() => undefined, never)
      expect(memory.bytesRead / once).toBe(reads)
    }
  })

  it('tells whether the heap is as it was kept, and never of one that was not kept', () => {
    const bytes = new Uint8Array(8192)
    const memory = openRecordedMemory({ about: {}, mappings: [], runs: [{ start: BASE, bytes }] })
    const kept = new HeapBlocks(memory, [page(BASE, BASE + 8192)], 8192)
    expect([kept.isKept, kept.isAsKept(never)]).toEqual([false, false])
    kept.visit(() => undefined, never, true)
    expect([kept.isKept, kept.isAsKept(never)]).toEqual([true, true])
    expect(kept.isAsKept(() => true)).toBe(false)
    bytes[8191] = 1
    memory.flush()
    expect(kept.isAsKept(never)).toBe(false)
    bytes[8191] = 0
    memory.flush()
    expect(kept.isAsKept(never)).toBe(true)
    kept.release()
    expect([kept.isKept, kept.isAsKept(never)]).toEqual([false, false])
  })
})

describe('scanHolders', () => {
  it('follows a chain of holders against the order of the heap within two rounds', () => {
    // Word i holds the address of word i - 1: each holder lies behind what it holds.
    const refs = new Map(Array.from({ length: 20 }, (_, i) => [(i + 1) * 10, BASE + i * 80 + 1] as const))
    const memory = heapOf(4096, refs)
    const blocks = new HeapBlocks(memory, [page(BASE, BASE + 4096 * 8)], 0)
    const seen: number[] = []
    const cost = scanHolders(
      blocks,
      [BASE + 1],
      (target, slot, want) => {
        seen.push(target)
        want(slot + 1)
      },
      { limit: 100, expired: never, enough: never },
    )
    expect(seen).toHaveLength(20)
    expect(cost.complete).toBe(true)
    expect(cost.rounds).toBeLessThanOrEqual(2)
  })

  it('says that it is not complete when it stopped at its limit', () => {
    const refs = new Map(Array.from({ length: 20 }, (_, i) => [(i + 1) * 10, BASE + i * 80 + 1] as const))
    const blocks = new HeapBlocks(heapOf(4096, refs), [page(BASE, BASE + 4096 * 8)], 0)
    const cost = scanHolders(blocks, [BASE + 1], (_target, slot, want) => want(slot + 1), {
      limit: 5,
      expired: never,
      enough: never,
    })
    expect([cost.complete, cost.wanted]).toEqual([false, 5])
  })
})
