/** What the capturers that read native memory have in common: open, look, close, explain. */
import type { Address } from '../model/address.js'
import type { CaptureOutcome } from '../model/outcome.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { NativeProcess } from '../native/process/native-process.js'
import { isolatesByThread } from '../native/thread/thread-isolate.js'
import type { CaptureRequest } from './capturer.js'
import { openMemoryTarget } from './memory-target.js'
import type { MemoryTarget } from './memory-target.js'

/** Never rejects. `look` may throw a StallError that explains. */
export async function captureFromMemory<E>(
  request: CaptureRequest,
  look: (target: MemoryTarget, native: NativeProcess) => E | Promise<E>,
): Promise<CaptureOutcome<E>> {
  const startedMs = performance.now()
  let target: MemoryTarget | null = null
  try {
    target = openMemoryTarget(request.target)
    const native = target.native()
    if (native === null) throw unreadable("the binary's symbols do not serve")
    const evidence = await look(target, native)
    return { status: 'captured', evidence, tookMs: performance.now() - startedMs, pausedMs: 0 }
  } catch (thrown) {
    return { status: 'unavailable', error: toStallError(thrown, 'ERR_STALL_CAPTURE_FAILED') }
  } finally {
    target?.dispose()
  }
}

export function unreadable(why: string): StallError {
  return new StallError('ERR_STALL_MEMORY_UNREADABLE', why, {
    help: 'Official builds of Node carry the symbols; a stripped one does not. conductor-diag doctor PID says what is read.',
  })
}

/** The main thread's isolate, from its control block or, in a stripped binary, from the heap's pages. */
export function mainIsolate(target: MemoryTarget, native: NativeProcess): Address {
  const known = isolatesByThread(native).get(native.mainTid)
  if (known !== undefined) return known
  const found = target.isolates().matched.find(({ tid }) => tid === target.mainTid)
  if (!found) throw unreadable('the isolate of the main thread was not found')
  return found.isolate.address
}
