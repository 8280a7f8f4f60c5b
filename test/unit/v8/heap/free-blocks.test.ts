import { describe, expect, it } from 'vitest'
import { toAddress } from '../../../../src/model/address.js'
import { openRecordedMemory } from '../../../../src/platform/memory/recorded-memory.js'
import { V8Heap } from '../../../../src/v8/heap/heap.js'
import { FreeBlocks } from '../../../../src/v8/heap/free-blocks.js'
import type { V8Layout } from '../../../../src/v8/layouts/layout.js'
import { recordedProcesses } from '../../../support/recorded.js'

const LAYOUTS = recordedProcesses(/-truth-hot/).map(({ layout }) => [layout.family, layout] as const)

const MAPS = 0x2000_0000_0000
const PAGE = 0x2000_0100_0000
const FREE_MAP = MAPS + 0x101
const META_MAP = MAPS + 0x201

/** One page with a block of 64 bytes at 256 and one of 32 at 1024; says whether an offset is covered. */
function pageWithTwoBlocks(layout: V8Layout) {
  const maps = Buffer.alloc(4096)
  const page = Buffer.alloc(8192)
  const put = (bytes: Buffer, at: number, value: number): void => {
    bytes.writeUInt32LE(value % 2 ** 32, at)
    bytes.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
  }
  put(maps, 0x100, META_MAP)
  put(maps, 0x200, META_MAP)
  const memory = openRecordedMemory({
    about: {},
    mappings: [],
    runs: [
      { start: MAPS, bytes: maps },
      { start: PAGE, bytes: page },
    ],
  })
  const heap = new V8Heap(memory, layout)
  maps.writeUInt16LE(heap.types.FREE_SPACE, 0x100 + layout.map.instanceType)
  maps.writeUInt16LE(heap.types.MAP, 0x200 + layout.map.instanceType)
  for (const [at, size] of [
    [256, 64],
    [1024, 32],
  ] as const) {
    put(page, at, FREE_MAP)
    page.writeInt32LE(layout.family < '13' ? size : size / 8, at + 12)
  }
  heap.flush()
  const free = new FreeBlocks(heap)
  const whole = { start: toAddress(PAGE), end: toAddress(PAGE + page.length) }
  return (offset: number) => free.covers(whole, PAGE + offset)
}

describe.each(LAYOUTS)('FreeBlocks of V8 %s', (_family, layout) => {
  it('covers what lies in a block, from its first byte to its last', () => {
    const covers = pageWithTwoBlocks(layout)
    expect([256, 264, 312].map(covers)).toEqual([true, true, true])
    expect([1024, 1048].map(covers)).toEqual([true, true])
  })

  it('covers nothing before, between and behind them', () => {
    const covers = pageWithTwoBlocks(layout)
    expect([0, 248, 320, 1016, 1056, 8184].map(covers)).toEqual([false, false, false, false, false, false])
  })
})
