/** What V8 itself says an isolate does now, and how far its microtask queue is. */
import { toAddress, type Address } from '../model/address.js'
import type { NativeProcess } from '../native/native-process.js'
import { MICROTASK_QUEUE, VM_STATES, type VmState } from './layouts/isolate-figures.js'
import type { V8Layout } from './layouts/layout.js'

/** Null when the word is no state: then the layout does not fit. Not cached: it changes while one looks. */
export function readVmState(native: NativeProcess, layout: V8Layout, isolate: Address): VmState | null {
  const bytes = Buffer.alloc(2)
  if (!native.memory.peek(toAddress(isolate + layout.isolate.vmState), bytes)) return null
  return VM_STATES[bytes.readUInt16LE(0)] ?? null
}

/** The isolate's own MicrotaskQueue; null when what its pointer leads to has another vtable. */
export function findMicrotaskQueue(native: NativeProcess, layout: V8Layout, isolate: Address): Address | null {
  const queue = toAddress(native.memory.word(toAddress(isolate + layout.isolate.microtaskQueue)))
  return queue !== 0 && native.classAt(queue) === 'MicrotaskQueue' ? queue : null
}

/** Microtasks run so far. */
export function finishedMicrotasks(native: NativeProcess, queue: Address): number {
  return native.memory.word(toAddress(queue + MICROTASK_QUEUE.finished))
}
