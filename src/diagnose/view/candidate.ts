/** A rule's answer before ranking, and how signs become a confidence. */
import type { Confidence, Verdict } from '../../model/verdict.js'
import type { View } from './view.js'

/** One observation. `strong`: hardly anything else looks like it; `weak`: fits, but so would other things. */
export interface Sign {
  readonly text: string
  readonly weight: 'strong' | 'weak'
}

export function strong(text: string): Sign {
  return { text, weight: 'strong' }
}

export function weak(text: string): Sign {
  return { text, weight: 'weak' }
}

/**
 * High needs two signs that agree, one of them strong; medium one strong or three weak. A single weak sign is `low`,
 * and so is everything that `cap` limits.
 */
export function confidenceOf(signs: readonly Sign[], cap: Confidence = 'high'): Confidence {
  const strongSigns = signs.filter((sign) => sign.weight === 'strong').length
  const earned: Confidence =
    strongSigns >= 1 && signs.length >= 2 ? 'high' : strongSigns === 1 || signs.length >= 3 ? 'medium' : 'low'
  return RANK[earned] <= RANK[cap] ? earned : cap
}

export const RANK = { low: 0, medium: 1, high: 2 } as const satisfies Record<Confidence, number>

export type Candidate = Omit<Verdict, 'confidence' | 'signs'> & {
  readonly signs: readonly Sign[]
  /** The most that this verdict may claim here. */
  readonly cap?: Confidence
  /** Where it is put, when that is more than it may claim. */
  readonly ranksAs?: Confidence
  /** Too young to go before the word that nothing is known of a stall, or that something moves. */
  readonly young?: boolean
  /** What was found would hold it with all the CPU in the world: a crowded machine is no rival to it. */
  readonly needsNoCpu?: boolean
  /** Among candidates of one kind the higher goes first. */
  readonly weight?: number
}

/** Pure, and silent when it has nothing to say. */
export type Rule = (view: View) => readonly Candidate[]
