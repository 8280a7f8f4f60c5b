/**
 * Objects of a heap by chance, a larger one as much more often as it is larger: what most of them are held by keeps most of
 * the memory, be it in one large table or in thousands of small ones.
 */
import { toAddress } from '../model/address.js'
import type { Tagged } from '../v8/heap/heap.js'
import type { HeapPage } from '../v8/heap/isolates.js'
import type { ContainingObjects } from '../v8/objects/containing-object.js'
import type { Objects } from '../v8/objects/objects.js'

const TRIES = 400
/** Farther on from where it was tried an object does not stand for that place. */
const MAX_BYTES_ON = 512
/** Behind the header of a page, marking bits included. */
const HEADER_BYTES = 20_480

export function sampledObjects(
  objects: Objects,
  containing: ContainingObjects,
  pages: readonly HeapPage[],
  wanted: number,
): Tagged[] {
  const { heap } = objects
  const found = new Set<Tagged>()
  // Not by chance alone, so that the same heap gives the same answer: a step that meets no rhythm of allocation.
  for (let i = 0; i < TRIES && found.size < wanted && pages.length > 0; i++) {
    const page = pages[Math.floor((i * 0.618034 * pages.length) % pages.length)]
    if (page === undefined || page.end - page.start <= 2 * HEADER_BYTES) continue
    const room = page.end - page.start - HEADER_BYTES - MAX_BYTES_ON
    const from = page.start + HEADER_BYTES + 8 * Math.floor((((i * 7919) % 4096) / 4096) * (room / 8))
    for (let at = from; at < from + MAX_BYTES_ON; at += 8) {
      const type = heap.typeOfMap(heap.memory.word(toAddress(at)))
      if (type < 0 || !objects.isObjectType(type) || heap.isFunctionType(type)) continue
      if (!containing.isStart(at + 1) || containing.isFreed(at + 1)) break
      found.add(at + 1)
      break
    }
  }
  return [...found]
}
