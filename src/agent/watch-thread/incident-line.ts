/**
 * One line for each incident: what, where, and the bundle that proves it; everything else is in the bundle. The end of
 * the process has a line of its own that tells all of this (process-end.ts): an incident that leads to it has none.
 */
import type { Logger } from '../../log/logger.js'
import type { Stall } from '../../model/stall.js'
import { type Work, worksText } from '../../model/work.js'
import type { CaptureAnswer } from '../shared/messages.js'

export function sayIncident(logger: Logger, stall: Stall, answer: CaptureAnswer): void {
  const fields = {
    event: 'incident',
    trigger: stall.trigger,
    clock: stall.clock,
    ageMs: stall.ageMs,
    incident: answer.incident,
    bundle: answer.bundlePath,
    verdict: answer.verdict?.name ?? null,
    confidence: answer.verdict?.confidence ?? null,
    ...workFields(answer),
    ...(answer.movedAgain === true ? { movedAgain: true } : {}),
    ...(answer.problem === null ? {} : { problem: answer.problem }),
  }
  const again = answer.movedAgain === true ? ' and moved again meanwhile' : ''
  const line = `${describeStall(stall)}${again}: ${describeAnswer(answer)}`
  if (stall.trigger === 'manual') logger.info(line, fields)
  // Nothing has ended, and it may yet move again.
  else if (stall.level === 'warn') logger.warn(line, fields)
  else logger.error(line, fields)
}

/** For a search by task or trace; nothing where nothing is known. */
export function workFields(answer: CaptureAnswer | null): { work?: readonly Work[] } {
  const work = answer?.verdict?.work
  return work === undefined ? {} : { work }
}

/** Verdict, place, whose work, and bundle, or why there is none. */
export function describeAnswer({ verdict, problem, bundlePath }: CaptureAnswer): string {
  const bundle = bundlePath ?? 'no bundle'
  if (verdict) {
    const place = verdict.place === null ? '' : ` at ${verdict.place}`
    const work = verdict.work === undefined ? '' : `, ${worksText(verdict.work)}`
    return `${verdict.name}${place}${work}, ${bundle}`
  }
  return `${problem ? `no evidence: ${problem.message} (${problem.code})` : 'no verdict'}, ${bundle}`
}

/** What is wrong, half a sentence: `invoices is silent for 3.1 s`. */
export function describeStall(stall: Stall): string {
  const silent = `for ${Math.round(stall.ageMs / 100) / 10} s`
  switch (stall.trigger) {
    case 'event-loop':
      return `the event loop has not turned ${silent}`
    case 'poll-success':
      return `${stall.clock} got no answer ${silent}${healText(stall)}`
    case 'startup':
      return `no poll loop has started ${Math.round(stall.ageMs / 100) / 10} s after the start`
    case 'outside':
      return `seen from outside ${silent}`
    case 'ended':
      return `the loop of ${stall.clock} is gone`
    case 'manual':
      return `captured on request (${stall.reason ?? ''})`
    case 'loop-silence':
    case 'early':
      return `${stall.clock} is silent ${silent}`
  }
}

function healText({ heal }: Stall): string {
  if (heal === undefined) return ''
  if (heal.outcome === 'answered') return ', until its dead connection was closed'
  return heal.outcome === 'no-answer'
    ? ', and closing its dead connection did not help'
    : ', and it could not be healed'
}
