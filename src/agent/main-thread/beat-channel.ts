/**
 * Heartbeats without a dependency: `diagnostics_channel.channel('conductor-stall-agent:beat').publish({ name })`, once
 * an iteration. The first message of a name opens its clock. `expectWaitMs` declares a long wait, `paused` pauses and
 * resumes, `done` closes the clock. With nobody subscribed a publish costs next to nothing.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { ClockSource } from '../../heartbeat/clock-board.js'
import type { Clock } from '../../heartbeat/clock.js'

export const BEAT_CHANNEL = 'conductor-stall-agent:beat'

export interface BeatMessage {
  readonly name: string
  readonly expectWaitMs?: number
  readonly paused?: boolean
  readonly done?: boolean
  /** Taken from the first message of a name. */
  readonly warnAfterMs?: number
  readonly stallAfterMs?: number
}

export function listenForBeats(source: ClockSource): void {
  const clocks = new Map<string, Clock>()
  subscribe(BEAT_CHANNEL, (message) => {
    const { name, expectWaitMs, paused, done, warnAfterMs, stallAfterMs } = message as Partial<BeatMessage>
    if (typeof name !== 'string') return
    let clock = clocks.get(name)
    if (!clock) {
      if (done === true) return
      clock = source.open(name, 'custom', { warnAfterMs, stallAfterMs })
      clocks.set(name, clock)
    }
    if (done === true) {
      clocks.delete(name)
      clock.dispose()
      return
    }
    clock.beat()
    if (paused === true) clock.pause()
    else if (paused === false) clock.resume()
    if (typeof expectWaitMs === 'number') clock.expectWait(expectWaitMs)
  })
}
