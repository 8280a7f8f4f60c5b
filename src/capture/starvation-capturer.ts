/** `starvation`: whether the main thread's microtasks or next ticks keep its event loop from turning. No pause. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Starvation } from '../model/loop.js'
import { mainLoop } from '../native/loop/find-loops.js'
import { watchStandstill } from '../platform/procfs/standstill.js'
import { findStarvationCounters, lookAtStarvation, starvationOf } from '../v8/figures/starvation.js'
import type { StarvationReading } from '../v8/figures/starvation.js'
import type { Capturer } from './capturer.js'
import { mainIsolate, nativeOf, unreadable } from './from-memory.js'
import { memoryCapability } from './memory-target.js'

const LOOKS = 10
const EVERY_MS = 15
/** Enough for a thread that does not run at all: none of its counters can move. */
const LOOKS_OF_A_SLEEPER = 4

export const starvationCapturer: Capturer<Starvation> = {
  name: 'starvation',
  supports: memoryCapability,
  async capture(session, { deadlineMs, signal }) {
    const memory = session.memory()
    const native = nativeOf(memory)
    const loop = mainLoop(native)
    if (loop === null) throw unreadable('the main event loop was not found')
    const thread = { tid: native.mainTid, loop, isolate: mainIsolate(memory, native) }
    const place = findStarvationCounters(native, memory.layout.layout, thread)
    if ('unknown' in place) throw unreadable(place.unknown)
    const looks: StarvationReading[] = []
    const hasStoodStill = watchStandstill(memory.root, native.mainTid)
    while (looks.length < LOOKS && !signal.aborted && performance.now() < deadlineMs) {
      memory.refresh()
      const look = lookAtStarvation(native, place)
      if (look) looks.push(look)
      // A loop that polls or has turned since the first look is not starved: no need to look on.
      if (look === null || look.polling || look.turns !== looks[0]?.turns) break
      if (looks.length >= LOOKS_OF_A_SLEEPER && hasStoodStill()) break
      await sleep(EVERY_MS)
    }
    return starvationOf(looks)
  },
}
