/** `debugger`: whether an inspector session holds the main thread, or is attached to the process. No pause. */
import { toAddress } from '../model/address.js'
import { CodeMap } from '../native/process/code-map.js'
import { debuggerState } from '../native/debugger-state.js'
import type { DebuggerState } from '../native/debugger-state.js'
import type { Capturer } from './capturer.js'
import { captureFromMemory, mainIsolate } from './from-memory.js'
import { memoryCapability } from './memory-target.js'

export const debuggerCapturer: Capturer<DebuggerState> = {
  name: 'debugger',
  supports: memoryCapability,
  async capture(request) {
    return await captureFromMemory(request, (target, native) => {
      const code = new CodeMap(native)
      try {
        const exitFrame = toAddress(mainIsolate(target, native) + target.layout.layout.isolate.cEntryFp)
        return debuggerState(native, code, native.mainTid, target.memory.word(exitFrame))
      } finally {
        code.dispose()
      }
    })
  },
}
