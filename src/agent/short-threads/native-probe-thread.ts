/**
 * Loads koffi in a thread that may hang for it (native-loader.ts), and says whether that worked. Ends at once; while the
 * lock is held it waits like every other thread that loads a library, and no longer.
 */
import { parentPort } from 'node:worker_threads'
import { prepareNativeCalls } from '../shared/native-exit.js'

const native = prepareNativeCalls()
parentPort?.postMessage(native !== 'busy' && 'no' in native ? native.no : null)
