/**
 * The main event loop of any Node process, for lists of many: no agent in it, nothing paused. 1 to 5 ms where the
 * binary is known, 60 to 120 ms once for a new one.
 */
import type { LoopState } from '../model/loop.js'
import { StallError, toStallError } from '../model/stall-error.js'
import { openLiveMemory } from '../platform/memory/live-memory.js'
import { procRootOf } from '../platform/procfs/process.js'
import { mainLoop } from './loop/find-loops.js'
import { readLoop } from './loop/read-loop.js'
import { openNativeProcess } from './process/native-process.js'

export type MainLoopAnswer = { readonly loop: LoopState } | { readonly error: StallError }

/**
 * `stuckMs` of the loop is its age since the last turn; for a verdict compare `turns` of two looks.
 * Never throws: ERR_STALL_PERMISSION, ERR_STALL_NO_SUCH_PROCESS, ERR_STALL_NOT_NODE or ERR_STALL_MEMORY_UNREADABLE as a value.
 */
export function mainLoopState(pid: number): MainLoopAnswer {
  try {
    const root = procRootOf(pid)
    const memory = openLiveMemory(root, { cacheBytes: 1 << 20 })
    try {
      const native = openNativeProcess(root, memory)
      try {
        const address = mainLoop(native)
        const loop = address === null ? null : readLoop(native, address, native.mainTid)
        if (loop) return { loop }
        return { error: new StallError('ERR_STALL_MEMORY_UNREADABLE', `no event loop was found in process ${pid}`) }
      } finally {
        native.dispose()
      }
    } finally {
      memory.dispose()
    }
  } catch (thrown) {
    return { error: toStallError(thrown, 'ERR_STALL_MEMORY_UNREADABLE') }
  }
}
