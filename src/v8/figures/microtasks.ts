/** How far an isolate's microtask queue is. */
import { toAddress, type Address } from '../../model/address.js'
import type { NativeProcess } from '../../native/process/native-process.js'
import { MICROTASK_QUEUE } from '../layouts/isolate-figures.js'
import type { V8Layout } from '../layouts/layout.js'

/** The isolate's own MicrotaskQueue; null when what its pointer leads to has another vtable. */
export function findMicrotaskQueue(native: NativeProcess, layout: V8Layout, isolate: Address): Address | null {
  const queue = toAddress(native.memory.word(toAddress(isolate + layout.isolate.microtaskQueue)))
  return queue !== 0 && native.classAt(queue) === 'MicrotaskQueue' ? queue : null
}

/** Microtasks run so far. */
export function finishedMicrotasks(native: NativeProcess, queue: Address): number {
  return native.memory.word(toAddress(queue + MICROTASK_QUEUE.finished))
}
