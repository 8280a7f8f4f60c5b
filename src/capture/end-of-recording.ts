/** Why a process that was sampled can be sampled no more. */
import type { RecordingEnd } from '../model/samples.js'
import { tryReadLink, tryReadProcText } from '../platform/procfs/read.js'
import { parseStat } from '../platform/procfs/stat.js'
import type { Isolate } from '../v8/heap/isolates.js'
import type { MemoryTarget } from './memory-target.js'

const WORD_BYTES = 8

/**
 * Null while its memory is the one that was opened.
 * @param startTicks when it was started: another process may have its pid by now; null where that is not known
 */
export function endOfRecording(
  { root, memory }: MemoryTarget,
  isolate: Isolate,
  startTicks: number | null,
): RecordingEnd | null {
  const text = tryReadProcText(`${root}/stat`, 4096)
  if (text === null || text === '') return 'ended'
  const stat = parseStat(text)
  if (stat.state === 'X' || stat.state === 'Z' || stat.startTicks !== (startTicks ?? stat.startTicks)) return 'ended'
  if (memory.peek(isolate.address, Buffer.alloc(WORD_BYTES))) return null
  // Whoever is ending gives up its memory, and its program with it, a moment before it counts as ended.
  return tryReadLink(`${root}/exe`) === null ? 'ended' : 'replaced'
}
