/**
 * Whether the target's heap is so full that attaching the inspector could be what ends the process: its domains
 * allocate in that very heap, and a heap that has no room left is fatal.
 */
import type { Capturer } from '../capture/capturer.js'
import type { CapturedLook } from '../model/look.js'
import type { HeapState } from '../model/heap.js'
import type { CaptureOutcome } from '../model/outcome.js'
import { StallError } from '../model/stall-error.js'

/** Far more than the inspector was ever seen to take. */
const ROOM_BYTES = 32 * 1_048_576
/** A small heap has less room than that all its life: it is full at this share, or when it does little but collect. */
const FULL = 0.85
const COLLECTING = 0.5

/** From here on what keeps the memory is worth going over the whole heap for. */
const FILLING = 0.7

/** False where the figures were not had. */
export function isFillingHeap(heap: CaptureOutcome<HeapState>): boolean {
  if (heap.status !== 'captured') return false
  const { committedBytes, limitBytes } = heap.evidence
  return committedBytes !== null && limitBytes !== null && committedBytes > limitBytes * FILLING
}

/** False where the figures were not had. */
export function isNearHeapLimit({ heap }: CapturedLook): boolean {
  return heap?.status === 'captured' && isFull(heap.evidence)
}

function isFull({ committedBytes, limitBytes, collectingShare }: HeapState): boolean {
  if (committedBytes === null || limitBytes === null || limitBytes - committedBytes >= ROOM_BYTES) return false
  return committedBytes > limitBytes * FULL || (collectingShare ?? 0) > COLLECTING
}

/** Stands where a capturer of the inspector's would, and says why it is not there. */
export function refuseNearHeapLimit<E>(name: string): Capturer<E> {
  const error = new StallError(
    'ERR_STALL_LIMIT',
    'the heap is at its limit: attaching the inspector allocates in it, and could be what ends the process',
    { help: 'Without allocating there: conductor-diag record PID' },
  )
  return { name, supports: () => 'yes', capture: () => Promise.reject(error) }
}
