import { expect, test } from 'vitest'
import { StackBuffers } from '../../../../src/platform/memory/stack-buffers.js'
import { StackWindow } from '../../../../src/platform/memory/stack-window.js'
import { searchStack } from '../../../../src/v8/stack/candidate-walks.js'
import type { FrameReader } from '../../../../src/v8/stack/frames.js'

const LOW = 0x7f00_0000_0000
const WORDS = 2000
const END = LOW + (WORDS - 8) * 8
const reader = { offsets: { context: -8, nextExit: -16 }, entryMarkers: [2, 4] } as unknown as FrameReader

/** The same numbers for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

function scribble(bytes: Buffer, count: number, random: (below: number) => number): void {
  for (let written = 0; written < count; written++) {
    const value = [LOW + random(WORDS) * 8, 2, 4, 0, LOW + random(WORDS * 8)][random(5)] ?? 0
    bytes.writeBigUInt64LE(BigInt(value), random(WORDS) * 8)
  }
}

test.each([1, 2, 3, 4, 5])(
  'finds in a copy that changed in places what a search of all of it finds, seed %i',
  (seed) => {
    const random = numbers(seed)
    const bytes = Buffer.alloc(WORDS * 8)
    scribble(bytes, 1500, random)
    let earlier = searchStack(reader, new StackWindow(LOW, Buffer.from(bytes)), END, null)
    for (let look = 0; look < 20; look++) {
      scribble(bytes, 1 + random(10), random)
      const window = new StackWindow(LOW, Buffer.from(bytes))
      const found = searchStack(reader, window, END, earlier)
      expect(found.chunks).toEqual(searchStack(reader, window, END, null).chunks)
      // Or nothing was kept, and nothing is shown by this test.
      expect(found.chunks.some((chunk, index) => chunk === earlier.chunks[index])).toBe(true)
      earlier = found
    }
  },
)

test('searches all of a copy that begins elsewhere', () => {
  const bytes = Buffer.alloc(WORDS * 8)
  scribble(bytes, 1500, numbers(7))
  const earlier = searchStack(reader, new StackWindow(LOW, Buffer.from(bytes)), END, null)
  const window = new StackWindow(LOW - 64, Buffer.concat([Buffer.alloc(64), bytes]))
  expect(searchStack(reader, window, END, earlier).chunks).toEqual(searchStack(reader, window, END, null).chunks)
})

test('gives memory of a copy that was given back to the next of the same length only', () => {
  const buffers = new StackBuffers()
  const first = buffers.allot(4096)
  buffers.giveBack(new StackWindow(LOW, first))
  expect(buffers.allot(8192)).not.toBe(first)
  expect(buffers.allot(4096)).toBe(first)
  expect(buffers.allot(4096)).not.toBe(first)
})
