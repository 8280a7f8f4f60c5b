/**
 * Text of V8 strings: sequential, cons, sliced, thin and external, one-byte and two-byte
 * (src/objects/string.tq and instance-type.h: representation in bits 0-2, encoding in bit 3 of the instance type).
 */
import { toAddress } from '../../model/address.js'
import type { MemoryReader } from '../../platform/memory/memory-reader.js'
import type { V8Layout } from '../layouts/layout.js'
import type { Tagged } from './tagged.js'

/** What of a heap (V8Heap) its strings are read with. */
export interface StringHeap {
  readonly memory: MemoryReader
  readonly layout: V8Layout
  typeOf(object: Tagged): number
  isStringType(type: number): boolean
  isString(object: Tagged): boolean
  field(object: Tagged, offset: number): Tagged
  smi(object: Tagged, offset: number): number | null
  int32(object: Tagged, offset: number): number
  uint32(object: Tagged, offset: number): number
}

const SEQUENTIAL = 0
const CONS = 1
const EXTERNAL = 2
const SLICED = 3
const THIN = 5
const REPRESENTATION = 7
const ONE_BYTE = 8

/** Fields after the length: first, second; parent, offset; actual; resource, resource_data. */
const FIRST = 16
const SECOND = 24

/** Cons and sliced strings point at others: a cycle must end. */
const MAX_PARTS = 4096

/** Whether a string of this instance type has its characters in itself. */
export function isSequentialType(type: number): boolean {
  return (type & REPRESENTATION) === SEQUENTIAL
}

/** Whether a string of this instance type is two others, one behind the other. */
export function isConsType(type: number): boolean {
  return (type & REPRESENTATION) === CONS
}

/** Bytes of a string that has its characters in itself. @param type its instance type */
export function sequentialBytes(heap: StringHeap, string: Tagged, type: number): number {
  return FIRST + (stringLength(heap, string) ?? 0) * ((type & ONE_BYTE) === 0 ? 2 : 1)
}

/**
 * At most `maxChars` characters from `start` on. Null when `object` is no string, or some character of what is wanted
 * can't be read.
 */
export function readString(heap: StringHeap, object: Tagged, maxChars: number, start = 0): string | null {
  const parts: string[] = []
  let left = maxChars
  let budget = MAX_PARTS
  const pending: { object: Tagged; from: number; length: number }[] = []
  const length = stringLength(heap, object)
  if (length === null) return null
  pending.push({ object, from: start, length: Math.min(length - start, maxChars) })
  for (let next = pending.pop(); next !== undefined && left > 0; next = pending.pop()) {
    if (budget-- <= 0) return null
    const wanted = Math.min(next.length, left)
    if (wanted <= 0) continue
    const type = heap.typeOf(next.object)
    if (!heap.isStringType(type)) return null
    const own = heap.uint32(next.object, heap.layout.string.length)
    if (next.from + wanted > own) return null
    const oneByte = (type & ONE_BYTE) !== 0
    switch (type & REPRESENTATION) {
      case SEQUENTIAL: {
        const text = characters(heap, next.object - 1 + heap.layout.string.chars, next.from, wanted, oneByte)
        if (text === null) return null
        parts.push(text)
        left -= wanted
        break
      }
      case EXTERNAL: {
        const data = heap.field(next.object, SECOND)
        const text = characters(heap, data, next.from, wanted, oneByte)
        if (text === null) return null
        parts.push(text)
        left -= wanted
        break
      }
      case CONS: {
        const first = heap.field(next.object, FIRST)
        const firstLength = stringLength(heap, first)
        if (firstLength === null) return null
        const inFirst = Math.max(0, Math.min(wanted, firstLength - next.from))
        // Popped in reverse: the first part last pushed.
        pending.push({
          object: heap.field(next.object, SECOND),
          from: Math.max(0, next.from - firstLength),
          length: wanted - inFirst,
        })
        pending.push({ object: first, from: next.from, length: inFirst })
        break
      }
      case SLICED: {
        const offset = heap.smi(next.object, SECOND)
        if (offset === null || offset < 0) return null
        pending.push({ object: heap.field(next.object, FIRST), from: next.from + offset, length: wanted })
        break
      }
      case THIN:
        pending.push({ object: heap.field(next.object, FIRST), from: next.from, length: wanted })
        break
      default:
        return null
    }
  }
  return parts.join('')
}

/** Length in UTF-16 units; null when `object` is no string. */
export function stringLength(heap: StringHeap, object: Tagged): number | null {
  if (!heap.isString(object)) return null
  const length = heap.int32(object, heap.layout.string.length)
  return length >= 0 ? length : null
}

function characters(heap: StringHeap, base: number, from: number, count: number, oneByte: boolean): string | null {
  if (!(base > 0)) return null
  const text = oneByte
    ? heap.memory.latin1(toAddress(base + from), count)
    : heap.memory.utf16(toAddress(base + 2 * from), count)
  return text.length === count ? text : null
}
