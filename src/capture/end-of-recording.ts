/** Why a process that was sampled can be sampled no more. */
import type { RecordingEnd } from '../model/samples.js'
import { tryReadLink, tryReadProcText } from '../platform/procfs/read.js'
import { parseStat } from '../platform/procfs/stat.js'
import type { Isolate } from '../v8/heap/isolates.js'
import type { MemoryTarget } from './memory-target.js'

const WORD_BYTES = 8

/** Null while its memory is the one that was opened. */
export function endOfRecording({ root, memory }: MemoryTarget, isolate: Isolate): RecordingEnd | null {
  const text = tryReadProcText(`${root}/stat`, 4096)
  const state = text === null || text === '' ? 'X' : parseStat(text).state
  if (state === 'X' || state === 'Z') return 'ended'
  if (memory.peek(isolate.address, Buffer.alloc(WORD_BYTES))) return null
  // Whoever is ending gives up its memory, and its program with it, a moment before it counts as ended.
  return tryReadLink(`${root}/exe`) === null ? 'ended' : 'replaced'
}
