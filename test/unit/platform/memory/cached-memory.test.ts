import { describe, expect, it } from 'vitest'
import { toAddress } from '../../../../src/model/address.js'
import { CachedMemory, PAGE } from '../../../../src/platform/memory/cached-memory.js'
import type { Mapping } from '../../../../src/platform/procfs/maps.js'

const BASE = 0x7f00_0000_0000
const at = (page: number) => toAddress(BASE + page * PAGE)

/** Each page is full of its own number; pages of `gone` can't be read, and what is asked of the source is kept. */
class NumberedPages extends CachedMemory {
  readonly asked: [number, number][] = []
  readonly gone = new Set<number>()

  constructor(pages = 1024) {
    super(pages * PAGE)
  }

  protected fill(address: number, into: Uint8Array): number {
    const first = (address - BASE) / PAGE
    this.asked.push([first, into.length / PAGE])
    for (let done = 0; done < into.length; done += PAGE) {
      const page = first + done / PAGE
      if (this.gone.has(page)) {
        into.fill(0, done)
        return done
      }
      into.fill(page % 251, done, done + PAGE)
    }
    return into.length
  }

  protected loadMappings(): readonly Mapping[] {
    return []
  }
  present(): [] {
    return []
  }
  dispose(): void {
    this.flush()
  }
}

describe('memory that is read in pages', () => {
  it('reads one page at a time unless more are expected', () => {
    const memory = new NumberedPages()
    expect([3, 4, 3].map((page) => memory.u8(at(page)))).toEqual([3, 4, 3])
    expect(memory.asked).toEqual([
      [3, 1],
      [4, 1],
    ])
  })

  it('reads neighbours at once where they are expected, none of them twice, and none outside', () => {
    const memory = new NumberedPages()
    memory.u8(at(20))
    memory.asked.length = 0
    memory.expect([{ start: at(10), end: at(40) }])
    for (let page = 8; page < 42; page++) expect(memory.u8(at(page))).toBe(page)
    expect(memory.asked).toEqual([
      [8, 1],
      [9, 1],
      [10, 6],
      [16, 4],
      [21, 11],
      [32, 8],
      [40, 1],
      [41, 1],
    ])
    expect(memory.faults).toBe(0)
  })

  it('reads what is left by itself when a part of a stretch is gone', () => {
    const memory = new NumberedPages()
    memory.gone.add(5)
    memory.expect([{ start: at(0), end: at(16) }])
    expect([2, 5, 6].map((page) => memory.u8(at(page)))).toEqual([2, 0, 6])
    expect(memory.faults).toBe(1)
  })

  it('has the same words with and without, however often its cache is full', () => {
    const plain = new NumberedPages()
    const ahead = new NumberedPages(1)
    ahead.expect([{ start: at(0), end: at(1000) }])
    const pages = Array.from({ length: 3000 }, (_, index) => (index * 7919) % 1000)
    expect(pages.map((page) => ahead.word(toAddress(at(page) + 8)))).toEqual(
      pages.map((page) => plain.word(toAddress(at(page) + 8))),
    )
  })
})
