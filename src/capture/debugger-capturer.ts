/** `debugger`: whether an inspector session holds the main thread, or is attached to the process. No pause. */
import { toAddress } from '../model/address.js'
import { CodeMap } from '../native/process/code-map.js'
import { debuggerState } from '../native/debugger-state.js'
import type { DebuggerState } from '../native/debugger-state.js'
import type { Capturer } from './capturer.js'
import { mainIsolate, nativeOf } from './from-memory.js'
import { memoryCapability } from './memory-target.js'

export const debuggerCapturer: Capturer<DebuggerState> = {
  name: 'debugger',
  supports: memoryCapability,
  capture(session) {
    const memory = session.memory()
    const native = nativeOf(memory)
    const code = new CodeMap(native)
    try {
      const exitFrame = toAddress(mainIsolate(memory, native) + memory.layout.layout.isolate.cEntryFp)
      return debuggerState(native, code, native.mainTid, memory.memory.word(exitFrame))
    } finally {
      code.dispose()
    }
  },
}
