/** What `doctor PID` says of the agent in a process: whether it is there, what it watches, and what it can do. */
import { connectToAgent } from '../platform/control/client.js'
import type { ControlStatus } from '../platform/control/protocol.js'
import type { Check } from '../model/check.js'
import type { ClockReading } from '../model/heartbeat.js'
import { toStallError } from '../model/stall-error.js'
import { VERSION } from '../model/version.js'

const TIMEOUT_MS = 3000
const MAX_CLOCKS = 8

/** Never rejects: an agent that does not answer is a finding. */
export async function examineAgent(pid: number): Promise<Check[]> {
  try {
    const client = await connectToAgent(pid, TIMEOUT_MS)
    if (client === null) return [NONE]
    client.dispose()
    return checksOf(client.status)
  } catch (thrown) {
    const { message, help } = toStallError(thrown)
    return [{ subject: 'agent', verdict: 'warn', text: message, ...(help === '' ? {} : { advice: help }) }]
  }
}

const NONE: Check = {
  subject: 'agent',
  verdict: 'warn',
  text: 'none inside: nothing watches this process',
  advice: 'start it with node --require conductor-stall-agent, or under conductor-diag run',
}

export function checksOf(status: ControlStatus): Check[] {
  const { agent, state, service, version, clocks, lastIncident, stallTimeoutMs, warnMs } = status
  const what = service === null ? '' : `, service ${service}${version === null ? '' : ` ${version}`}`
  const checks: Check[] = [
    agent === VERSION
      ? { subject: 'agent', verdict: 'ok', text: `version ${agent}${what}; it is ${state}` }
      : {
          subject: 'agent',
          verdict: 'warn',
          text: `version ${agent}, this command is ${VERSION}${what}; it is ${state}`,
        },
    ...clocks.slice(0, MAX_CLOCKS).map((clock) => clockCheck(clock, status)),
  ]
  if (clocks.length > MAX_CLOCKS) {
    checks.push({ subject: 'clock', verdict: 'ok', text: `${clocks.length - MAX_CLOCKS} more` })
  }
  checks.push({
    subject: 'thresholds',
    verdict: stallTimeoutMs === 0 ? 'warn' : 'ok',
    text: `evidence after ${seconds(warnMs)} of silence; ${stallTimeoutMs === 0 ? 'the watchdog is off: it is never ended' : `ended with code 70 after ${seconds(stallTimeoutMs)}`}`,
  })
  if (status.dir !== undefined) {
    checks.push(
      status.dir === null
        ? { subject: 'bundles', verdict: 'no', text: 'no folder can be written', advice: 'set CONDUCTOR_STALL_DIR' }
        : { subject: 'bundles', verdict: 'ok', text: status.dir },
    )
  }
  if (status.canExit !== undefined) checks.push(exitCheck(status.canExit))
  checks.push({ subject: 'last incident', verdict: 'ok', text: lastIncident ?? 'none in this run' })
  if (status.logUnavailable !== null) {
    checks.push({ subject: 'log', verdict: 'warn', text: `its stderr accepts no lines: ${status.logUnavailable}` })
  }
  return checks
}

function clockCheck(clock: ClockReading, status: ControlStatus): Check {
  const { name, kind, ageMs, beats, paused, expectedWaitMs, failuresInRow } = clock
  const warnMs = kind === 'event-loop' ? (status.eventLoopWarnMs ?? status.warnMs) : status.warnMs
  const isLate = !paused && ageMs - expectedWaitMs > warnMs
  const doing = paused ? 'paused' : `last beat ${seconds(ageMs)} ago, ${beats} so far`
  const failing = failuresInRow > 0 ? `, ${failuresInRow} polls failed in a row` : ''
  return { subject: 'clock', verdict: isLate ? 'warn' : 'ok', text: `${name}: ${doing}${failing}` }
}

function exitCheck(canExit: boolean | null): Check {
  const subject = 'exit code 70'
  if (canExit === null)
    return { subject, verdict: 'ok', text: 'not looked at yet: koffi is loaded when the loop idles' }
  return canExit
    ? { subject, verdict: 'ok', text: 'can be had whatever its main thread is in (koffi)' }
    : {
        subject,
        verdict: 'warn',
        text: 'not in native code: koffi is absent there, and SIGKILL (137) ends it instead',
        advice: 'install without --omit=optional',
      }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}
