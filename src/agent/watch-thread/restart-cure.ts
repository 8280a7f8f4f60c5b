/**
 * A poller that beats and gets no answer is ended only where a restart is the cure. A server that is down, refuses or
 * answers with errors is never a reason to end a worker.
 */
import type { CaptureAnswer } from '../shared/messages.js'

const CURED = ['awaiting/slots-exhausted', 'ended']
/** Only a fresh connection that was answered tells it from a server that is down: nothing less makes it `high`. */
const CURED_IF_SURE = 'awaiting/connection-reused-dead'

export function isCuredByRestart(answer: CaptureAnswer | null): boolean {
  const [first] = answer?.verdicts ?? []
  if (first === undefined) return false
  if (first === CURED_IF_SURE) return isDeadConnection(answer)
  return CURED.some((name) => first === name || first.startsWith(`${name}/`))
}

/** Proven: one connection is dead while a fresh one is answered. */
export function isDeadConnection(answer: CaptureAnswer | null): boolean {
  return answer?.verdicts[0] === CURED_IF_SURE && answer.verdict?.confidence === 'high'
}

/** A poll is in flight that never fails by itself, on one connection that is known: dead or not, nobody can prove. */
export function isUnansweredPoll(answer: CaptureAnswer | null): boolean {
  return answer?.verdicts[0] === 'awaiting/http-response' && answer.dead !== undefined
}

/** A debugger holds the main thread: somebody is at work there, and ending the process would take it from their hands. */
export function isSomebodyLooking(answer: CaptureAnswer | null): boolean {
  return answer?.verdicts[0] === 'paused-by-debugger'
}
