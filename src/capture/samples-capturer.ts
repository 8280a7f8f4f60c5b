/**
 * `samples`: a few stacks of a running main thread, some ms apart, each with its awaiting callers. The same frame in
 * all of them is a loop that never returns; frames that come and go are work.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Frame } from '../model/frame.js'
import { monotonicMs } from '../heartbeat/clock-reader.js'
import type { StackSample, StackSamples } from '../model/samples.js'
import { StallError } from '../model/stall-error.js'
import type { CdpConnection } from '../inspector/connection/cdp-connection.js'
import type { CaptureBudget, Capturer } from './capturer.js'
import { readAsyncParents } from '../inspector/stack/async-parents.js'
import { frameOf, isNodeInternal } from '../inspector/stack/frames.js'
import { type InspectorAccess, nothingRunning } from '../inspector/inspector-access.js'
import { attachDebugger, type Debuggee } from '../inspector/stack/pause.js'

export interface SamplesOptions {
  readonly samples: number
  /** Between two pauses, in which the target runs undisturbed. */
  readonly betweenMs: number
  /** For one pause to happen. */
  readonly pauseMs: number
}

export const DEFAULT_SAMPLES: SamplesOptions = { samples: 5, betweenMs: 40, pauseMs: 600 }

const ATTACH_MS = 2000
const RELEASE_MS = 500

export function createSamplesCapturer(access: InspectorAccess, options = DEFAULT_SAMPLES): Capturer<StackSamples> {
  return {
    name: 'inspector',
    supports: () => 'yes',
    async capture({ target }, budget) {
      try {
        return await takeSamples(await access.connection(target, budget.deadlineMs), options, budget)
      } finally {
        await access.release()
      }
    },
  }
}

async function takeSamples(
  connection: CdpConnection,
  options: SamplesOptions,
  { deadlineMs, signal, notePause }: CaptureBudget,
): Promise<StackSamples> {
  const within = (ms: number): number => Math.min(deadlineMs, performance.now() + ms)
  const debuggee = await attachDebugger(connection, within(ATTACH_MS))
  const taken: StackSample[] = []
  let firstMs: number | null = null
  let startedAtMs: number | null = null
  let missed = 0
  try {
    while (taken.length + missed < options.samples && !signal.aborted && performance.now() < deadlineMs) {
      if (firstMs !== null) await sleep(options.betweenMs)
      const sample = await sampleOnce(connection, debuggee, within(options.pauseMs))
      firstMs ??= performance.now()
      startedAtMs ??= monotonicMs()
      if (sample === null) {
        missed++
        // Nothing to pause in: the code returned, or went into a native call. More tries would only ask again.
        if (taken.length === 0) break
        continue
      }
      notePause(sample.pausedMs)
      taken.push({ atMs: Math.round(performance.now() - firstMs), frames: sample.frames })
    }
  } finally {
    // A target that does not answer is released by the end of the connection.
    await debuggee.release(performance.now() + RELEASE_MS).catch(() => connection.disconnect())
  }
  if (taken.length === 0) throw nothingReached()
  if (taken.every((sample) => sample.frames.every(isNodeInternal))) throw nothingRunning()
  return { engine: 'inspector', ...(startedAtMs === null ? {} : { startedAtMs }), samples: taken, missed }
}

async function sampleOnce(
  connection: CdpConnection,
  debuggee: Debuggee,
  deadlineMs: number,
): Promise<{ frames: Frame[]; pausedMs: number } | null> {
  try {
    const { result, pausedMs } = await debuggee.whilePaused(deadlineMs, async (event) => [
      ...event.callFrames.map((call) => frameOf(call, debuggee.urls)),
      ...(await readAsyncParents(connection, deadlineMs).catch(() => [])),
    ])
    return { frames: result, pausedMs }
  } catch (thrown) {
    if (thrown instanceof StallError && thrown.code === 'ERR_STALL_INSPECTOR_TIMEOUT') return null
    throw thrown
  }
}

function nothingReached(): StallError {
  return new StallError('ERR_STALL_INSPECTOR_TIMEOUT', 'the main thread reached no JavaScript in which to pause', {
    help: 'It is in native code. The memory engine shows the JavaScript above it: conductor-diag dump PID --engine memory',
  })
}
