/**
 * Slots of a loop that asks for nothing while all of them are taken, as it should: our own timer beats for it
 * meanwhile, and whether the tasks move is what counts.
 */
import type { Clock } from '../../heartbeat/clock.js'
import { OwnBeat } from './own-beat.js'

export class Slots {
  #inUse = 0
  readonly #beat = new OwnBeat()

  get inUse(): number {
    return this.#inUse
  }

  /** @param by tasks that began, or ended when it is negative */
  changed(clock: Clock, by: number, slots: number): void {
    this.#inUse += by
    clock.setSlots(this.#inUse, slots)
    clock.beat()
    if (this.#inUse === 0 || this.#inUse < slots) this.#beat.stop()
    else this.#beat.start(clock)
  }

  stop(): void {
    this.#beat.stop()
  }
}
