/**
 * Loads koffi in a thread that may hang for it (native-loader.ts), and says whether that worked. Ends at once; while the
 * lock is held it waits like every other thread that loads a library, and no longer.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { setLoadGate } from '../../platform/native-calls.js'
import { openLoadGate } from '../shared/load-gate.js'
import { prepareNativeCalls } from '../shared/native-exit.js'

export interface NativeProbeData {
  /** Null: nobody says when the process ends. */
  readonly clocks: SharedArrayBuffer | null
}

const { clocks } = workerData as NativeProbeData
if (clocks !== null) setLoadGate(openLoadGate(clocks))
const native = prepareNativeCalls()
parentPort?.postMessage(native !== 'busy' && 'no' in native ? native.no : null)
