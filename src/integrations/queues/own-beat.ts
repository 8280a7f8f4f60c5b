/** Beats for a loop that rightly does nothing, as long as the event loop turns: it keeps nothing alive. */
import type { Clock } from '../../heartbeat/clock.js'

const EVERY_MS = 500

export class OwnBeat {
  #timer: NodeJS.Timeout | null = null

  start(clock: Clock): void {
    this.#timer ??= setInterval(() => clock.beat(), EVERY_MS).unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }
}
