/** Heap and garbage collection figures of an isolate, read without running anything in it. */
import { toAddress, type Address } from '../../model/address.js'
import type { HeapState } from '../../model/heap.js'
import type { NativeProcess } from '../../native/process/native-process.js'
import { ISOLATE_FIGURES, SPACE_COMMITTED, SPACE_USED, SPACES_IN_HEAP_BYTES } from '../layouts/isolate-figures.js'
import type { V8Layout } from '../layouts/layout.js'

/** More than any machine has: then it was no size. */
const MOST_BYTES = 2 ** 46
/** A century: then it was no duration. */
const MOST_MS = 2 ** 42

/**
 * `usedBytes`, `committedBytes` and `limitBytes` are those of the old generation, the one that runs out. `collectingShare` is the
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
  const spaces = oldSpaces(native, at(layout.isolate.heap))
  const { paged, large } = SPACE_USED[layout.family]
  const committed = sumOver(native, spaces, () => SPACE_COMMITTED)
  const used = sumOver(native, spaces, (name) => (name.endsWith('LargeObjectSpace') ? large : paged))
  return {
    // More than there is: then it was another field.
    usedBytes: used !== null && committed !== null && used <= committed ? used : null,
    committedBytes: committed,
    limitBytes: plausible(limit, 1 << 20),
    externalBytes: figures.externalBytes < 0 ? null : plausible(memory.word(at(figures.externalBytes)), 0),
    collections: memory.u32(at(figures.collections)),
    markCompacts: memory.u32(at(figures.markCompacts)),
    collectingShare: null,
    compactingShare: compactingShare(native, memory.word(at(figures.tracer)), figures.mutatorDuration),
  }
}

/** Null before the first such collection, and where the two figures are no durations. */
function compactingShare({ memory }: NativeProcess, tracer: number, offset: number): number | null {
  const bytes = Buffer.alloc(16)
  if (tracer < 65_536 || tracer % 8 !== 0 || !memory.read(toAddress(tracer + offset), bytes)) return null
  const [outside, inside] = [bytes.readDoubleLE(0), bytes.readDoubleLE(8)]
  const isDuration = (ms: number): boolean => ms >= 0 && ms < MOST_MS
  return isDuration(outside) && isDuration(inside) && inside > 0 ? inside / (outside + inside) : null
}

function plausible(bytes: number, least: number): number | null {
  return bytes >= least && bytes < MOST_BYTES ? bytes : null
}

/** The old generation's spaces by address, with their class: known by their vtables. */
function oldSpaces(native: NativeProcess, heap: Address): ReadonlyMap<number, string> {
  const { memory } = native
  const spaces = new Map<number, string>()
  for (let offset = 0; offset < SPACES_IN_HEAP_BYTES; offset += 8) {
    const space = memory.word(toAddress(heap + offset))
    if (space % 8 !== 0 || space < 65_536 || spaces.has(space)) continue
    const name = memory.mappingOf(toAddress(space))?.writable ? native.classAt(toAddress(space)) : null
    if (name?.endsWith('Space') && !name.includes('New') && !name.includes('ReadOnly')) spaces.set(space, name)
  }
  return spaces
}

/** Null when no space is recognised, or one shows no size there. */
function sumOver(
  native: NativeProcess,
  spaces: ReadonlyMap<number, string>,
  offsetOf: (name: string) => number,
): number | null {
  if (spaces.size === 0) return null
  let sum = 0
  for (const [space, name] of spaces) {
    const bytes = plausible(native.memory.word(toAddress(space + offsetOf(name))), 0)
    if (bytes === null) return null
    sum += bytes
  }
  return sum
}
