/** Functions that stand past the await at which others wait for their turn: they have taken one, as far as their text tells. */
import { givesBackBetween } from '../../source/turn-mentions.js'
import type { Suspended } from '../scan/suspended.js'
import { ownTextOf } from './own-text.js'

export class PassedTurns {
  /** By code and both places. */
  readonly #known = new Map<string, boolean>()

  /** Stands further on in the code of the other one, and has not given its turn back since. */
  isPast(one: Suspended, other: Suspended): boolean {
    if (one.function.address !== other.function.address || other.continuation >= one.continuation) return false
    const key = `${one.function.address}:${other.continuation}:${one.continuation}`
    let past = this.#known.get(key)
    if (past === undefined) {
      const taken = ownTextOf(other)
      const now = ownTextOf(one)
      past = taken === null || now === null || !givesBackBetween(now.text, taken.at, now.at)
      this.#known.set(key, past)
    }
    return past
  }
}
