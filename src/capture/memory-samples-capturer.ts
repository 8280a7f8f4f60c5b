/**
 * Many stacks of a running main thread, read from memory: which function most of them are in, and whether frames come
 * and go, two looks can't tell. No pause, no code run in the target.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { monotonicMs } from '../heartbeat/clock-reader.js'
import type { StackSample, StackSamples } from '../model/samples.js'
import { StallError } from '../model/stall-error.js'
import { StackReader } from '../v8/stack/thread-stack.js'
import type { Capturer } from './capturer.js'
import { memoryCapability } from './memory-target.js'
import { readThread } from './read-thread.js'

const SAMPLES = 20
/** Not a divisor of the usual 10 ms of timers, so that a rhythm in the target is not taken for a place. */
const EVERY_MS = 17
/** For all of them: on a crowded machine fewer are taken rather than a person kept waiting. */
const BUDGET_MS = 1_500

export const memorySamplesCapturer: Capturer<StackSamples> = {
  name: 'stack-samples',
  supports: (target) => memoryCapability(target),
  async capture(session, { deadlineMs, signal }) {
    const memory = session.memory()
    const main = memory.isolates().matched.find((each) => each.tid === memory.mainTid)
    if (main === undefined) {
      throw new StallError('ERR_STALL_NOTHING_RUNNING', 'the main thread has no isolate that was found')
    }
    const reader = new StackReader(memory.heap)
    const startedMs = performance.now()
    const startedAtMs = monotonicMs()
    const untilMs = Math.min(deadlineMs, startedMs + BUDGET_MS)
    const samples: StackSample[] = []
    let missed = 0
    for (let taken = 0; taken < SAMPLES && performance.now() < untilMs && !signal.aborted; taken++) {
      if (taken > 0) await pause(EVERY_MS)
      reader.nextLook([main.isolate.address])
      const atMs = Math.round(performance.now() - startedMs)
      const look = readThread(reader, memory.root, main)
      if (look.frames.length > 0) samples.push({ atMs, frames: look.frames })
      else missed++
    }
    return { engine: 'memory', startedAtMs, samples, missed }
  },
}
