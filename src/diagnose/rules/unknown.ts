/** `unknown`: what was seen and what was missing, when no rule reached its threshold. */
import { weak, type Candidate } from '../view/candidate.js'
import { blameFrames } from '../view/blame.js'
import { percent, plural } from '../view/phrases.js'
import { pointerTo } from '../view/pointers.js'
import type { View } from '../view/view.js'

export function unknown(view: View): Candidate {
  const { main, evidence } = view
  const blame = blameFrames(main?.scripts.at(-1) ?? [])
  const seen: string[] = []
  if (main !== null) seen.push(`main thread ${main.last.state}`)
  if (main?.cpuShare != null) seen.push(`${percent(main.cpuShare)} CPU`)
  if (main?.turns != null) seen.push(plural(main.turns, 'loop turn'))
  const missing = evidence.missing.map((each) => each.what)
  // Nobody refused anything: the caller chose to see less.
  const leftOut = evidence.missing.some(({ what, why }) => what === 'stacks' && why === 'ERR_STALL_NOT_ENABLED')
  return {
    kind: 'unknown',
    cause: null,
    where: blame.where,
    chain: blame.chain,
    summary: `No rule explains what is seen (${seen.length === 0 ? 'nothing could be read' : seen.join(', ')})${missing.length === 0 ? '' : `; unavailable: ${missing.join(', ')}`}.`,
    evidence: main === null ? [] : pointerTo('threads', main.index),
    signs: seen.map(weak),
    cap: 'low',
    refutedBy: 'Any verdict of a later look with more evidence.',
    nextStep:
      evidence.from === 'inside'
        ? 'Look from outside while it lasts, and compare: conductor-diag dump PID -v'
        : leftOut
          ? 'Look again without --engine: stacks and awaits are then read too.'
          : 'Look again with conductor-diag dump PID -v, as root if something was refused, and compare.',
  }
}
