/** What a thread's samples are called in every format that tells threads apart. */
import type { ThreadSamples } from '../model/samples.js'

export const MAIN_TRACK = 'main thread'

/** `worker thread 12`, `process 4712: node child.js`, `worker thread 13 of process 4712: node child.js`. */
export function trackName({ tid, process }: ThreadSamples): string {
  if (process === undefined) return `worker thread ${tid}`
  const of = `process ${process.pid}: ${process.command}`
  return tid === process.pid ? of : `worker thread ${tid} of ${of}`
}
