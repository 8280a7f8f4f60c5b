// For programs that lose their agent: ends its watch thread, and nothing else of the process.
'use strict'
const { closeLoadGate } = require('../../build/agent/shared/load-gate.js')

/**
 * Through the agent's own hold of that thread: Node's inspector is no way to it, since NodeWorker.enable reads workers
 * that have just ended (SIGSEGV in WorkerManager::SetAutoAttach, in 6 of 100 runs on Node 24).
 * @returns what ends it, once it has begun: behind the gate that the process's own end waits at, because a thread that is torn
 * out of loading native code takes the whole process with it
 */
exports.watchThreadEnder = () => {
  const { board, watch } = globalThis[Symbol.for('conductor-stall-agent')].host
  return () => {
    closeLoadGate(board.memory.header)
    void watch.worker.terminate()
  }
}
