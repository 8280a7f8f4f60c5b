/**
 * Where the properties of a Map's objects lie, in fast mode, through its descriptors (src/objects/descriptor-array.tq,
 * property-details.h).
 */
import type { Tagged, V8Heap } from '../heap/heap.js'

const MAX_DESCRIPTORS = 1020

export interface PropertyLayout {
  readonly dictionary: boolean
  /** First in-object word, and how many there are. */
  readonly start: number
  readonly inObject: number
  readonly slots: readonly PropertySlot[]
}

export interface PropertySlot {
  readonly key: Tagged
  /** Byte offset in the object, or -1. */
  readonly offset: number
  /** Index in the PropertyArray, or -1. A constant lies in the descriptor: both are -1. */
  readonly index: number
}

export function readPropertyLayout(heap: V8Heap, map: Tagged): PropertyLayout {
  const words = heap.uint32(map, heap.layout.map.sizeInWords)
  const start = (words >>> 8) & 0xff
  const inObject = Math.max(0, (words & 0xff) - start)
  // Bits of src/objects/map.h: own descriptors from 10 on (10 bits), dictionary map 21.
  const bits = heap.uint32(map, heap.layout.map.bitField3)
  const dictionary = ((bits >>> 21) & 1) === 1
  const slots: PropertySlot[] = []
  const descriptors = heap.field(map, heap.layout.map.descriptors)
  if (!dictionary && (heap.is(descriptors, 'DESCRIPTOR_ARRAY') || heap.is(descriptors, 'STRONG_DESCRIPTOR_ARRAY'))) {
    const count = Math.min((bits >>> 10) & 1023, MAX_DESCRIPTORS)
    for (let i = 0; i < count; i++) {
      const entry = heap.layout.descriptors.header + 24 * i
      // PropertyDetails (src/objects/property-details.h): location in bit 5 (1: descriptor), field index from bit 19.
      const details = heap.smi(descriptors, entry + 8) ?? 0
      const key = heap.field(descriptors, entry)
      if (((details >>> 5) & 1) === 1) slots.push({ key, offset: -1, index: -1 })
      else {
        const field = (details >>> 19) & 0x3ff
        if (field < inObject) slots.push({ key, offset: (start + field) * 8, index: -1 })
        else slots.push({ key, offset: -1, index: field - inObject })
      }
    }
  }
  return { dictionary, start, inObject, slots }
}
