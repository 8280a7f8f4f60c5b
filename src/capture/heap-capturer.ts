/** `heap`: figures of the main isolate's heap, and the share of time that V8 spends collecting. No pause. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { HeapState } from '../model/heap.js'
import { watchStandstill } from '../platform/procfs/standstill.js'
import { readHeapState } from '../v8/figures/heap-state.js'
import { readMoment } from '../v8/heap/isolates.js'
import type { Capturer } from './capturer.js'
import { mainIsolate, nativeOf } from './from-memory.js'
import { memoryCapability } from './memory-target.js'

/** 60 samples in 120 ms and more: a share of 50 % is then known to 13 points (two standard deviations). */
const SAMPLES = 60
const EVERY_MS = 2
/** Enough for a thread that does not run at all, nor waits for a collection. */
const SAMPLES_OF_A_SLEEPER = 10

export const heapCapturer: Capturer<HeapState> = {
  name: 'heap',
  supports: memoryCapability,
  async capture(session, { deadlineMs, signal }) {
    const memory = session.memory()
    const native = nativeOf(memory)
    const isolate = mainIsolate(memory, native)
    const { layout } = memory.layout
    let taken = 0
    let known = 0
    let collecting = 0
    let isAsleep = false
    const hasStoodStill = watchStandstill(memory.root, native.mainTid)
    while (taken < SAMPLES && !signal.aborted && performance.now() < deadlineMs) {
      const state = readMoment(memory.heap, isolate)?.vmState ?? null
      taken++
      // Newer builds have states of their own, such as that of logging, for a moment.
      if (state !== null) known++
      if (state === 'GC') collecting++
      isAsleep = taken === SAMPLES_OF_A_SLEEPER && collecting === 0 && hasStoodStill()
      if (isAsleep) break
      await sleep(EVERY_MS)
    }
    memory.refresh()
    const figures = readHeapState(native, layout, isolate)
    // Hardly any state that is known: the layout does not fit, and no share is better than a wrong one.
    const isTelling = known >= (isAsleep ? SAMPLES_OF_A_SLEEPER : SAMPLES) / 2
    return { ...figures, collectingShare: isTelling ? collecting / known : null }
  },
}
