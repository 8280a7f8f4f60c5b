/** Clocks whose silence the watchdog has looked at and decided not to act on, each until it beats again. */
import type { ObservedClock } from '../heartbeat/clock-reader.js'

type Clocks = readonly Pick<ObservedClock, 'name' | 'beats'>[]

export class ForgivenClocks {
  /** By name, the beats when it was forgiven. */
  readonly #beats = new Map<string, number>()

  forgive(name: string, clocks: Clocks): void {
    const beats = beatsOf(name, clocks)
    if (beats !== undefined) this.#beats.set(name, beats)
  }

  /** Names of those that have not beaten since. */
  names(clocks: Clocks): ReadonlySet<string> {
    for (const [name, beats] of this.#beats) if (beatsOf(name, clocks) !== beats) this.#beats.delete(name)
    return new Set(this.#beats.keys())
  }
}

function beatsOf(wanted: string, clocks: Clocks): number | undefined {
  return clocks.find(({ name }) => name === wanted)?.beats
}
