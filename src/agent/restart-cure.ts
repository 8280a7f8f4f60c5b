/**
 * A poller that beats and gets no answer is ended only where a restart is the cure. A server that is down, refuses or
 * answers with errors is never a reason to end a worker.
 */
import type { CaptureAnswer } from './messages.js'

const CURED = ['awaiting/connection-reused-dead', 'awaiting/slots-exhausted', 'ended']

export function isCuredByRestart(answer: CaptureAnswer | null): boolean {
  const [first] = answer?.verdicts ?? []
  if (first === undefined) return false
  return CURED.some((name) => first === name || first.startsWith(`${name}/`))
}

/** A debugger holds the main thread: somebody is at work there, and ending the process would take it from their hands. */
export function isSomebodyLooking(answer: CaptureAnswer | null): boolean {
  return answer?.verdicts[0] === 'paused-by-debugger'
}
