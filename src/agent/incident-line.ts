/** One line for each incident: what, where, and the bundle that proves it. */
import type { Logger } from '../log/logger.js'
import type { Stall } from '../model/stall.js'
import type { CaptureAnswer } from './messages.js'

export function sayIncident(logger: Logger, stall: Stall, answer: CaptureAnswer): void {
  const fields = {
    event: 'incident',
    trigger: stall.trigger,
    clock: stall.clock,
    ageMs: stall.ageMs,
    incident: answer.incident,
    bundle: answer.bundlePath,
    verdict: answer.verdict?.name ?? null,
    place: answer.verdict?.place ?? null,
    ...(answer.problem === null ? {} : { problem: answer.problem }),
  }
  const line = `${describeStall(stall)}: ${aboutVerdict(answer)} (${aboutBundle(answer)})`
  if (stall.trigger === 'manual') logger.info(line, fields)
  else logger.error(line, fields)
}

/** What is wrong, half a sentence: `invoices is silent for 3.1 s`. */
export function describeStall(stall: Stall): string {
  const silent = `for ${Math.round(stall.ageMs / 100) / 10} s`
  switch (stall.trigger) {
    case 'event-loop':
      return `the event loop has not turned ${silent}`
    case 'poll-success':
      return `${stall.clock} got no answer ${silent}`
    case 'ended':
      return `the loop of ${stall.clock} is gone`
    case 'manual':
      return `captured on request (${stall.reason ?? ''})`
    case 'loop-silence':
    case 'early':
      return `${stall.clock} is silent ${silent}`
  }
}

function aboutVerdict({ verdict, problem }: CaptureAnswer): string {
  if (!verdict) return problem ? `no evidence: ${problem.message} (${problem.code})` : 'no verdict'
  return `${verdict.name}${verdict.place === null ? '' : ` at ${verdict.place}`}: ${verdict.summary}`
}

function aboutBundle({ bundlePath }: CaptureAnswer): string {
  return bundlePath === null ? 'no bundle' : `bundle ${bundlePath}`
}
