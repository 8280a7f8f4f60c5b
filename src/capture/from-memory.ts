/** What the capturers that read native memory have in common. */
import type { Address } from '../model/address.js'
import { StallError } from '../model/stall-error.js'
import type { NativeProcess } from '../native/process/native-process.js'
import { isolatesByThread } from '../native/thread/thread-isolate.js'
import type { MemoryTarget } from './memory-target.js'

/** @throws StallError ERR_STALL_MEMORY_UNREADABLE where the binary's symbols don't serve */
export function nativeOf(memory: MemoryTarget): NativeProcess {
  const native = memory.native()
  if (native === null) throw unreadable("the binary's symbols can't be used")
  return native
}

export function unreadable(why: string): StallError {
  return new StallError('ERR_STALL_MEMORY_UNREADABLE', why, {
    help: 'Official builds of Node carry the symbols; a stripped one does not. conductor-diag doctor PID says what is read.',
  })
}

/** The main thread's isolate, from its control block or, in a stripped binary, from the heap's pages. */
export function mainIsolate(memory: MemoryTarget, native: NativeProcess): Address {
  const known = isolatesByThread(native).get(native.mainTid)
  if (known !== undefined) return known
  const found = memory.isolates().matched.find(({ tid }) => tid === memory.mainTid)
  if (!found) throw unreadable('the isolate of the main thread was not found')
  return found.isolate.address
}
