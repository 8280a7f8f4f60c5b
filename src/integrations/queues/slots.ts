/**
 * Slots of a loop that asks for nothing while all of them are taken, as it should: our own timer beats for it
 * meanwhile, and whether the tasks move is what counts.
 */
import type { Clock } from '../../heartbeat/clock.js'

const BEAT_FOR_FULL_MS = 500

export class Slots {
  #inUse = 0
  #timer: NodeJS.Timeout | null = null

  get inUse(): number {
    return this.#inUse
  }

  /** @param by tasks that began, or ended when it is negative */
  changed(clock: Clock, by: number, slots: number): void {
    this.#inUse += by
    clock.setSlots(this.#inUse, slots)
    clock.beat()
    if (this.#inUse === 0 || this.#inUse < slots) this.stop()
    else this.#timer ??= setInterval(() => clock.beat(), BEAT_FOR_FULL_MS).unref()
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }
}
