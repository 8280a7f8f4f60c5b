/**
 * References to JavaScript objects from outside the JavaScript heap: what proves that something can still be reached.
 * Memory of C++ and stacks is searched for the addresses; a word counts as proof only when it lies in a block of
 * GlobalHandles nodes (32 bytes each, an index at 10 that counts up, flags at 11: 1 is strong; src/handles/
 * global-handles.cc). Any other word may be stale and is only a doubt.
 */
import { toAddress } from '../../model/address.js'
import type { MemoryReader } from '../../platform/memory/memory-reader.js'
import type { Mapping } from '../../platform/procfs/maps.js'
import { BLOCK_BYTES, makeFilter, matchWords, sharedBlock, type HeapRange } from '../../v8/heap/heap-blocks.js'

const NODE_BYTES = 32
const NODE_INDEX = 10
const NODE_FLAGS = 11
const STRONG = 1
/** A process with more C++ memory than this is not searched to the end. */
const MAX_BYTES = 2 * 2 ** 30

export interface NativeRoots {
  /** Objects that a strong handle holds. */
  readonly strong: ReadonlySet<number>
  /** Objects whose address stands somewhere else: stacks, C++ memory. */
  readonly stray: ReadonlySet<number>
  readonly bytes: number
  readonly complete: boolean
}

/** @param exclude the isolate's own heap, ascending */
export function findNativeRoots(
  memory: MemoryReader,
  wanted: ReadonlySet<number>,
  exclude: readonly HeapRange[],
  expired: () => boolean,
): NativeRoots {
  const strong = new Set<number>()
  const stray = new Set<number>()
  const filter = makeFilter(wanted)
  const tags = new Map([...wanted].map((address) => [address, true]))
  const { words, bytes } = sharedBlock()
  let read = 0
  for (const mapping of memory.mappings()) {
    if (!isSearched(mapping)) continue
    for (const part of without(mapping, exclude)) {
      for (const run of memory.present(toAddress(part.start), toAddress(part.end))) {
        for (let at: number = run.start; at < run.end; at += BLOCK_BYTES) {
          if (expired() || read > MAX_BYTES) return { strong, stray, bytes: read, complete: false }
          const length = Math.min(BLOCK_BYTES, run.end - at)
          memory.read(toAddress(at), bytes.subarray(0, length))
          read += length
          matchWords(at, words.subarray(0, length >>> 2), filter, tags, (slot, _tag, i) => {
            const object = (words[i] ?? 0) + (words[i + 1] ?? 0) * 2 ** 32
            const state = handleState(memory, slot)
            if (state === STRONG) strong.add(object)
            else if (state === null) stray.add(object)
          })
        }
      }
    }
  }
  return { strong, stray, bytes: read, complete: true }
}

function isSearched(mapping: Mapping): boolean {
  return (
    mapping.readable && mapping.writable && !mapping.shared && mapping.inode === 0 && !mapping.path.startsWith('[v')
  )
}

/** State bits of the GlobalHandles node at `slot`; null when the word lies in no block of nodes. */
function handleState(memory: MemoryReader, slot: number): number | null {
  const index = (at: number): number => memory.u8(toAddress(at + NODE_INDEX))
  const here = index(slot)
  const before = here > 0 ? index(slot - NODE_BYTES) === here - 1 : index(slot + NODE_BYTES) === 1
  const after = here < 255 ? index(slot + NODE_BYTES) === here + 1 : index(slot - NODE_BYTES) === 254
  return before && after ? memory.u8(toAddress(slot + NODE_FLAGS)) & 3 : null
}

function* without(mapping: Mapping, exclude: readonly HeapRange[]): Generator<{ start: number; end: number }> {
  let start: number = mapping.start
  for (const range of exclude) {
    if (range.end <= start) continue
    if (range.start >= mapping.end) break
    if (range.start > start) yield { start, end: range.start }
    start = Math.max(start, range.end)
  }
  if (start < mapping.end) yield { start, end: mapping.end }
}
