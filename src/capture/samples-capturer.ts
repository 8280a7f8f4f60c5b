/**
 * `samples`: a few stacks of a running main thread, some ms apart, each with its awaiting callers. The same frame in
 * all of them is a loop that never returns; frames that come and go are work.
 */
import type { Frame } from '../model/frame.js'
import type { CaptureOutcome } from '../model/outcome.js'
import type { StackSample, StackSamples } from '../model/samples.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { CdpConnection } from '../inspector/connection/cdp-connection.js'
import type { CaptureRequest, Capturer } from './capturer.js'
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
    async capture(request, signal): Promise<CaptureOutcome<StackSamples>> {
      const startedMs = performance.now()
      const paused = { ms: 0 }
      try {
        const connection = await access.connection(request.target, request.deadlineMs)
        const evidence = await takeSamples(connection, request, options, signal, paused)
        return { status: 'captured', evidence, tookMs: performance.now() - startedMs, pausedMs: paused.ms }
      } catch (thrown) {
        const error = toStallError(thrown, 'ERR_STALL_CAPTURE_FAILED')
        return { status: 'unavailable', error, ...(paused.ms > 0 ? { pausedMs: paused.ms } : {}) }
      } finally {
        await access.release()
      }
    },
  }
}

async function takeSamples(
  connection: CdpConnection,
  request: CaptureRequest,
  options: SamplesOptions,
  signal: AbortSignal,
  paused: { ms: number },
): Promise<StackSamples> {
  const within = (ms: number): number => Math.min(request.deadlineMs, performance.now() + ms)
  const debuggee = await attachDebugger(connection, within(ATTACH_MS))
  const taken: StackSample[] = []
  let firstMs: number | null = null
  let missed = 0
  try {
    while (taken.length + missed < options.samples && !signal.aborted && performance.now() < request.deadlineMs) {
      if (firstMs !== null) await new Promise((resolve) => setTimeout(resolve, options.betweenMs))
      const sample = await sampleOnce(connection, debuggee, within(options.pauseMs))
      firstMs ??= performance.now()
      if (sample === null) {
        missed++
        // Nothing to pause in: the code returned, or went into a native call. More tries would only ask again.
        if (taken.length === 0) break
        continue
      }
      paused.ms += sample.pausedMs
      taken.push({ atMs: Math.round(performance.now() - firstMs), frames: sample.frames })
    }
  } finally {
    // A target that does not answer is released by the end of the connection.
    await debuggee.release(performance.now() + RELEASE_MS).catch(() => connection.disconnect())
  }
  if (taken.length === 0) throw nothingReached()
  if (taken.every((sample) => sample.frames.every(isNodeInternal))) throw nothingRunning()
  return { engine: 'inspector', samples: taken, missed }
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
