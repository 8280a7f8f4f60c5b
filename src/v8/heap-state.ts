/** Heap and garbage collection figures of an isolate, read without running anything in it. */
import { toAddress, type Address } from '../model/address.js'
import type { HeapState } from '../model/heap.js'
import type { NativeProcess } from '../native/native-process.js'
import { ISOLATE_FIGURES, SPACE_COMMITTED, SPACES_IN_HEAP_BYTES } from './layouts/isolate-figures.js'
import type { V8Layout } from './layouts/layout.js'

/** More than any machine has: then it was no size. */
const MOST_BYTES = 2 ** 46

/**
 * `committedBytes` and `limitBytes` are those of the old generation, the one that runs out. `collectingShare` is the
 * caller's: it takes samples over time (the capturer).
 */
export function readHeapState(native: NativeProcess, layout: V8Layout, isolate: Address): HeapState {
  const { memory } = native
  const figures = ISOLATE_FIGURES[layout.family]
  const at = (offset: number): Address => toAddress(isolate + offset)
  const limit = figures.oldGenerationLimit.reduce<number>(
    (value, offset) => (value === 0 ? 0 : memory.word(toAddress(value + offset))),
    isolate,
  )
  const committed = committedBytes(native, at(layout.isolate.heap))
  return {
    usedBytes: null,
    committedBytes: committed,
    limitBytes: plausible(limit, 1 << 20),
    externalBytes: figures.externalBytes < 0 ? null : plausible(memory.word(at(figures.externalBytes)), 0),
    collections: memory.u32(at(figures.collections)),
    markCompacts: memory.u32(at(figures.markCompacts)),
    collectingShare: null,
  }
}

function plausible(bytes: number, least: number): number | null {
  return bytes >= least && bytes < MOST_BYTES ? bytes : null
}

/** Sum over the old generation's spaces, known by their vtables; null when none is recognised. */
function committedBytes(native: NativeProcess, heap: Address): number | null {
  const { memory } = native
  const spaces = new Map<number, string>()
  for (let offset = 0; offset < SPACES_IN_HEAP_BYTES; offset += 8) {
    const space = memory.word(toAddress(heap + offset))
    if (space % 8 !== 0 || space < 65_536 || spaces.has(space)) continue
    const name = memory.mappingOf(toAddress(space))?.writable ? native.classAt(toAddress(space)) : null
    if (name?.endsWith('Space') && !name.includes('New') && !name.includes('ReadOnly')) spaces.set(space, name)
  }
  if (spaces.size === 0) return null
  let sum = 0
  for (const space of spaces.keys()) {
    const bytes = plausible(memory.word(toAddress(space + SPACE_COMMITTED)), 0)
    if (bytes === null) return null
    sum += bytes
  }
  return sum
}
