/**
 * Every Map of an isolate. A Map's own map is a meta map, and a meta map's map is itself (src/objects/map.cc,
 * Map::kMetaMap; from V8 12 on there is one more for every native context): so first the meta maps, then every object
 * whose first word is one of them.
 */
import { toAddress } from '../../model/address.js'
import type { V8Heap } from './heap.js'
import type { HeapBlocks } from './heap-blocks.js'
import { FILTER_MASK, makeFilter, filterIndex } from './heap-blocks.js'

const HIGH = 2 ** 32
const SAMPLED_BLOCKS = 64
const SAMPLE_BYTES = 16_384

/** Maps by tagged address, with the instance type of what they describe. */
export type HeapMaps = Map<number, number>

/**
 * One pass over the heap. A meta map that the samples missed (another realm's) is noticed by its reference to itself,
 * and what was scanned before it is scanned again for it.
 */
export function scanMaps(heap: V8Heap, blocks: HeapBlocks, expired: () => boolean): HeapMaps {
  const maps: HeapMaps = new Map()
  let metas = sampleMetaMaps(heap, blocks)
  for (let round = 0; round < 4; round++) {
    const late = pass(heap, blocks, metas, maps, round === 0, expired)
    if (late.size === 0) break
    metas = late
  }
  return maps
}

function pass(
  heap: V8Heap,
  blocks: HeapBlocks,
  metas: ReadonlySet<number>,
  maps: HeapMaps,
  lookForMetas: boolean,
  expired: () => boolean,
): Set<number> {
  const filter = makeFilter(metas)
  const known = new Set(metas)
  const late = new Set<number>()
  const typeHalf = heap.layout.map.instanceType >>> 2
  const typeShift = (heap.layout.map.instanceType & 2) * 8
  for (const meta of metas) maps.set(meta, heap.types.MAP)
  blocks.visit((base, words) => {
    const count = words.length
    const low = (base + 1) % HIGH
    for (let i = 0; i < count; i += 2) {
      const word = words[i] as number
      if (filter[(word >>> 3) & FILTER_MASK] === 1) {
        const map = word + (words[i + 1] as number) * HIGH
        if (known.has(map) && i + typeHalf < count) {
          maps.set(base + i * 4 + 1, ((words[i + typeHalf] as number) >>> typeShift) & 0xffff)
        }
      }
      // A word that is its own tagged address.
      if (lookForMetas && word === (low + i * 4) >>> 0) {
        const self = base + i * 4 + 1
        if (word + (words[i + 1] as number) * HIGH !== self || known.has(self) || !isMetaMap(heap, self)) continue
        known.add(self)
        late.add(self)
        filter[filterIndex(self)] = 1
      }
    }
  }, expired)
  return late
}

function isMetaMap(heap: V8Heap, object: number): boolean {
  return (
    heap.field(object, 0) === object &&
    heap.memory.u16(toAddress(object - 1 + heap.layout.map.instanceType)) === heap.types.MAP
  )
}

function sampleMetaMaps(heap: V8Heap, blocks: HeapBlocks): Set<number> {
  const metas = new Set<number>()
  const starts = blocks.starts()
  const step = Math.max(1, Math.floor(starts.length / SAMPLED_BLOCKS))
  const seen = new Set<number>()
  // Those of further realms are met by the pass itself.
  const usual = heap.layout.map.metaMaps
  for (let k = 0; k < starts.length && metas.size < usual; k += step) {
    const block = starts[k]
    if (block === undefined) continue
    const words = blocks.load(block.start, Math.min(SAMPLE_BYTES, block.length))
    for (let i = 0; i < words.length; i += 2) {
      const word = (words[i] as number) + (words[i + 1] as number) * HIGH
      if (!heap.isPointer(word) || seen.has(word)) continue
      seen.add(word)
      const map = heap.field(word, 0)
      if (seen.has(map)) continue
      seen.add(map)
      const meta = heap.field(map, 0)
      if (!metas.has(meta) && isMetaMap(heap, meta)) metas.add(meta)
    }
  }
  return metas
}
