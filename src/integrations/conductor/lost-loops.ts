/**
 * Why a poll loop was lost. Its promise can't be reached, but when it rejects and the application swallows that with an
 * `unhandledRejection` listener of its own, the error passes by. We listen only while the application does: alone, our
 * listener would keep Node from ending the process, which is what should happen.
 */
import { safely } from '../guard/safely.js'
import type { PollerBeat } from './poller-beat.js'

const EVENT = 'unhandledRejection'

export interface LostLoops {
  add(beat: PollerBeat): void
}

export function watchLostLoops(): LostLoops {
  const beats = new Set<WeakRef<PollerBeat>>()
  let watching = false

  // Node emits this when all microtasks have run: a loop that lives waits for something by now.
  const onRejection = (error: unknown): void => {
    safely(() => {
      for (const reference of beats) {
        const beat = reference.deref()
        if (!beat) beats.delete(reference)
        else if (beat.isRunning) beat.gone(error)
      }
    })
  }
  const ours = (): boolean => process.listeners(EVENT).includes(onRejection)
  const follow = (): void => {
    if (!ours() && process.listenerCount(EVENT) > 0) process.prependListener(EVENT, onRejection)
  }
  const startWatching = (): void => {
    watching = true
    follow()
    // `newListener` comes before the listener is there.
    process.on('newListener', (event, listener) => {
      if (event === EVENT && listener !== onRejection && !ours()) process.prependListener(EVENT, onRejection)
    })
    process.on('removeListener', (event, listener) => {
      if (event === EVENT && listener !== onRejection && ours() && process.listenerCount(EVENT) === 1)
        process.removeListener(EVENT, onRejection)
    })
  }

  return {
    add(beat) {
      beats.add(new WeakRef(beat))
      if (!watching) safely(startWatching)
    },
  }
}
