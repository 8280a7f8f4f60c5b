import { expect, test } from 'vitest'
import { toAddress } from '../../../../src/model/address.js'
import { Collections } from '../../../../src/v8/figures/collections.js'
import type { V8Heap } from '../../../../src/v8/heap/heap.js'

const ISOLATE = toAddress(0x1000)

/** An isolate whose counts of compacting collections and of all are these. */
function isolateWith(counts: { compacts: number; all: number; readable?: boolean }): V8Heap {
  const peek = (_: number, into: Buffer): boolean => {
    into.writeUInt32LE(counts.compacts, 0)
    into.writeUInt32LE(counts.all, 4)
    return counts.readable !== false
  }
  return { layout: { family: '11.3' }, memory: { peek } } as unknown as V8Heap
}

test('tells what was collected since the last question', () => {
  const collections = new Collections()
  const counts = { compacts: 3, all: 10, readable: true }
  const heap = isolateWith(counts)
  expect(collections.since(heap, ISOLATE)).toBe('everything')
  expect(collections.since(heap, ISOLATE)).toBe('nothing')
  counts.all++
  expect(collections.since(heap, ISOLATE)).toBe('young')
  expect(collections.since(heap, ISOLATE)).toBe('nothing')
  counts.all++
  counts.compacts++
  expect(collections.since(heap, ISOLATE)).toBe('everything')
  counts.readable = false
  expect(collections.since(heap, ISOLATE)).toBe('everything')
})

test('reads anew what was read while a collection was under way', () => {
  const collections = new Collections()
  const counts = { compacts: 3, all: 10 }
  const heap = isolateWith(counts)
  collections.since(heap, ISOLATE)
  collections.since(heap, ISOLATE)
  counts.all++
  expect(collections.since(heap, ISOLATE)).toBe('young')
  collections.noteCollecting(ISOLATE)
  expect(collections.since(heap, ISOLATE)).toBe('young')
  expect(collections.since(heap, ISOLATE)).toBe('nothing')
})
