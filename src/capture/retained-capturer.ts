/** `retained`: what keeps the memory of the main thread's heap. No pause; it goes over the whole heap some times. */
import type { Retained } from '../model/retained.js'
import { readHeapState } from '../v8/figures/heap-state.js'
import type { Capturer } from './capturer.js'
import { mainIsolate, nativeOf, unreadable } from './from-memory.js'
import { memoryCapability } from './memory-target.js'

export const retainedCapturer: Capturer<Retained> = {
  name: 'retained',
  supports: memoryCapability,
  async capture(session, { deadlineMs }) {
    // Loaded for a heap near its limit alone.
    const { readRetained } = await import('../retained/read-retained.js')
    const memory = session.memory()
    const native = nativeOf(memory)
    const address = mainIsolate(memory, native)
    const isolates = memory.isolates().matched.map(({ isolate }) => isolate)
    const isolate = isolates.find((each) => each.address === address)
    if (isolate === undefined) throw unreadable('the heap of the main thread was not found')
    const { usedBytes, committedBytes } = readHeapState(native, memory.layout.layout, address)
    const read = readRetained(memory.heap, isolate, {
      natives: native,
      pages: isolates.flatMap(({ pages }) => pages),
      // In the middle of a collection the used bytes are those that were counted so far.
      heapBytes: committedBytes ?? usedBytes,
      deadlineMs,
    })
    return session.options.redactor.value(read) as Retained
  },
}
