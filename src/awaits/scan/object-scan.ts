/** All objects whose map is one of those wanted, in one pass; what can be told from the block itself is filtered there. */
import type { V8Heap } from '../../v8/heap/heap.js'
import type { HeapBlocks } from '../../v8/heap/heap-blocks.js'
import { makeFilter, matchWords } from '../../v8/heap/heap-blocks.js'
import type { HeapMaps } from '../../v8/heap/map-scan.js'
import { NumberList } from '../../v8/heap/number-list.js'

const HIGH = 2 ** 32
const PENDING_MASK = 3

export interface ScannedObjects {
  /** Generators that are suspended, of all three kinds. Tagged. */
  readonly generators: NumberList
  /** Pending promises that have reactions. Tagged. */
  readonly promises: NumberList
  /** Objects of the further maps that were asked for. Tagged. */
  readonly others: NumberList
  /** False when the deadline ended the scan. */
  readonly complete: boolean
}

type Tag = 'generator' | 'promise' | 'other'

/** `others`: maps (tagged) whose objects are wanted besides. */
export function scanObjects(
  heap: V8Heap,
  blocks: HeapBlocks,
  maps: HeapMaps,
  others: Iterable<number>,
  expired: () => boolean,
): ScannedObjects {
  const { types, layout } = heap
  const wanted = new Map<number, Tag>()
  for (const map of others) wanted.set(map, 'other')
  for (const [map, type] of maps) {
    if (type === types.JS_PROMISE) wanted.set(map, 'promise')
    else if (
      type === types.JS_ASYNC_FUNCTION_OBJECT ||
      type === types.JS_ASYNC_GENERATOR_OBJECT ||
      type === types.JS_GENERATOR_OBJECT
    ) {
      wanted.set(map, 'generator')
    }
  }
  const filter = makeFilter(wanted.keys())
  const found = { generators: new NumberList(), promises: new NumberList(), others: new NumberList() }
  const continuation = layout.generator.continuation >>> 2
  const flags = layout.promise.flags >>> 2
  const reactions = layout.promise.reactionsOrResult >>> 2
  const complete = blocks.visit(
    (base, words) => {
      const count = words.length
      matchWords(base, words, filter, wanted, (address, tag, i) => {
        switch (tag) {
          case 'generator':
            // A Smi: low half 0, the value in the high half; negative when it runs or has ended. An object that the
            // block cuts in two is kept: it is read again anyway.
            if (i + continuation + 1 >= count || isSmiFrom0(words, i + continuation)) found.generators.push(address + 1)
            break
          case 'promise':
            if (i + flags + 1 >= count || isPendingWithReactions(words, i + flags, i + reactions)) {
              found.promises.push(address + 1)
            }
            break
          case 'other':
            found.others.push(address + 1)
        }
      })
    },
    expired,
    true,
  )
  return { ...found, complete }
}

function isSmiFrom0(words: Uint32Array, at: number): boolean {
  return words[at] === 0 && ((words[at + 1] ?? 0) | 0) >= 0
}

function isPendingWithReactions(words: Uint32Array, flags: number, reactions: number): boolean {
  if (words[flags] !== 0 || ((words[flags + 1] ?? 0) & PENDING_MASK) !== 0) return false
  const word = (words[reactions] ?? 0) + (words[reactions + 1] ?? 0) * HIGH
  // Without reactions the field is Smi 0.
  return (word & 3) === 1
}
