/** Runs one capturer under its deadline. Whatever it does, an outcome comes back: evidence or an explanation. */
import type { CaptureOutcome } from '../model/outcome.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { CaptureRequest, Capturer } from './capturer.js'

/**
 * Never throws. The signal is aborted at the deadline or when `parent` is; a capturer that works synchronously has to
 * look at `request.deadlineMs` itself, since no timer can fire meanwhile.
 */
export async function runCapturer<E>(
  capturer: Capturer<E>,
  request: CaptureRequest,
  parent?: AbortSignal,
): Promise<CaptureOutcome<E>> {
  const startedMs = performance.now()
  const capability = supports(capturer, request)
  if (capability !== 'yes') return unavailable('ERR_STALL_NOT_ENABLED', capability.no)
  if (parent?.aborted) return unavailable('ERR_STALL_NOT_REACHED', `${capturer.name}: the capture was ended before it`)
  const leftMs = request.deadlineMs - startedMs
  if (leftMs <= 0) return unavailable('ERR_STALL_NOT_REACHED', `${capturer.name}: no time was left`)

  const controller = new AbortController()
  const abort = (): void => controller.abort()
  parent?.addEventListener('abort', abort, { once: true })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<CaptureOutcome<E>>((resolve) => {
    // A little grace, so that a capturer that keeps its own deadline can say what it had.
    timer = setTimeout(() => {
      controller.abort()
      resolve({ status: 'timed-out', elapsedMs: performance.now() - startedMs })
    }, leftMs + GRACE_MS)
  })
  try {
    return await Promise.race([attempt(capturer, request, controller.signal), late])
  } finally {
    clearTimeout(timer)
    parent?.removeEventListener('abort', abort)
  }
}

const GRACE_MS = 100

async function attempt<E>(
  capturer: Capturer<E>,
  request: CaptureRequest,
  signal: AbortSignal,
): Promise<CaptureOutcome<E>> {
  try {
    return await capturer.capture(request, signal)
  } catch (thrown) {
    // A capturer that throws is a fault of ours; the others still get their turn.
    return { status: 'unavailable', error: toStallError(thrown, 'ERR_STALL_CAPTURE_FAILED') }
  }
}

function supports<E>(capturer: Capturer<E>, request: CaptureRequest): ReturnType<Capturer<E>['supports']> {
  try {
    return capturer.supports(request.target)
  } catch (thrown) {
    return { no: toStallError(thrown).message }
  }
}

function unavailable(code: StallError['code'], message: string): { status: 'unavailable'; error: StallError } {
  return { status: 'unavailable', error: new StallError(code, message) }
}
