/** Runs one capturer under its deadline. Whatever it does, an outcome comes back: evidence or an explanation. */
import type { CaptureOutcome } from '../model/outcome.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Capturer } from './capturer.js'
import type { CaptureSession } from './session.js'

const GRACE_MS = 100

export interface CaptureLimits {
  /** Monotonic ms (`performance.now()`). */
  readonly deadlineMs: number
  /** Ends the capture early. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Never throws. The signal is aborted at the deadline or when the caller's is; a capturer that works synchronously has
 * to look at `budget.deadlineMs` itself, since no timer can fire meanwhile.
 */
export async function runCapturer<E>(
  capturer: Capturer<E>,
  session: CaptureSession,
  { deadlineMs, signal: parent }: CaptureLimits,
): Promise<CaptureOutcome<E>> {
  const startedMs = performance.now()
  const capability = supports(capturer, session)
  if (capability !== 'yes') return unavailable('ERR_STALL_NOT_ENABLED', capability.no)
  if (parent?.aborted) return unavailable('ERR_STALL_NOT_REACHED', `${capturer.name}: the capture was ended before it`)
  const leftMs = deadlineMs - startedMs
  if (leftMs <= 0) return unavailable('ERR_STALL_NOT_REACHED', `${capturer.name}: no time was left`)

  const controller = new AbortController()
  const abort = (): void => controller.abort()
  parent?.addEventListener('abort', abort, { once: true })
  let pausedMs = 0
  const paused = (): { pausedMs?: number } => (pausedMs > 0 ? { pausedMs } : {})
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<CaptureOutcome<E>>((resolve) => {
    // A little grace, so that a capturer that keeps its own deadline can say what it had.
    timer = setTimeout(() => {
      controller.abort()
      resolve({ status: 'timed-out', elapsedMs: performance.now() - startedMs, ...paused() })
    }, leftMs + GRACE_MS)
  })
  const attempt = async (): Promise<CaptureOutcome<E>> => {
    try {
      const budget = { deadlineMs, signal: controller.signal, notePause: (ms: number) => void (pausedMs += ms) }
      const evidence = await capturer.capture(session, budget)
      return { status: 'captured', evidence, tookMs: performance.now() - startedMs, pausedMs }
    } catch (thrown) {
      return { status: 'unavailable', error: toStallError(thrown, 'ERR_STALL_CAPTURE_FAILED'), ...paused() }
    }
  }
  try {
    return await Promise.race([attempt(), late])
  } finally {
    clearTimeout(timer)
    parent?.removeEventListener('abort', abort)
  }
}

function supports<E>(capturer: Capturer<E>, session: CaptureSession): ReturnType<Capturer<E>['supports']> {
  try {
    return capturer.supports(session.target)
  } catch (thrown) {
    return { no: toStallError(thrown).message }
  }
}

function unavailable(code: StallError['code'], message: string): { status: 'unavailable'; error: StallError } {
  return { status: 'unavailable', error: new StallError(code, message) }
}
