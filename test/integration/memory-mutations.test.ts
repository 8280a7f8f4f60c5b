/**
 * Recorded memory with random bytes flipped: the reader must end soon, with an answer or without, and never crash,
 * hang or take much memory. A race with the target looks just like this.
 */
import { describe, expect, it } from 'vitest'
import { openRecordedMemory } from '../../src/platform/memory/recorded-memory.js'
import { V8Heap } from '../../src/v8/heap/heap.js'
import { findIsolates } from '../../src/v8/heap/isolates.js'
import { StackReader } from '../../src/v8/stack/thread-stack.js'
import { recordedProcesses } from '../support/recorded.js'

const CASES = 2600
const MOST_FLIPS = 12
/** A loaded machine may stop us for a while: one slow case is run again before it counts. */
const MOST_MS = 1000
const MOST_MEMORY = 256 << 20

/** Numerical Recipes' linear congruential generator: the same cases every time. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe.each(recordedProcesses(/minified|hot/))('$name', ({ name, recording, layout, sp, pc, truth }) => {
  it(`survives ${CASES / 2} mutations`, { timeout: 240_000 }, () => {
    const runs = recording.runs.map((run) => ({ start: run.start, bytes: new Uint8Array(run.bytes) }))
    const next = random(name.length * 7919 + layout.isolate.heap)
    const total = runs.reduce((sum, run) => sum + run.bytes.length, 0)
    const memory = openRecordedMemory({ ...recording, runs })
    const at = (offset: number): { bytes: Uint8Array; index: number } => {
      let left = offset
      for (const run of runs) {
        if (left < run.bytes.length) return { bytes: run.bytes, index: left }
        left -= run.bytes.length
      }
      throw new Error('beyond the recording')
    }
    const read = (): { ms: number; frames: number } => {
      memory.flush()
      const startedMs = performance.now()
      const heap = new V8Heap(memory, layout)
      const [isolate] = findIsolates(heap)
      const frames = isolate
        ? new StackReader(heap).read(isolate.address, { registers: () => ({ kind: 'blocked', sp, pc }) }).frames
        : []
      return { ms: performance.now() - startedMs, frames: frames.length }
    }
    const usual = read().frames
    expect(usual).toBeGreaterThanOrEqual(truth.length - 2)
    const before = process.memoryUsage().rss
    let changed = 0
    for (let count = 0; count < CASES / 2; count++) {
      const flips = Array.from({ length: 1 + next(MOST_FLIPS) }, () => ({ ...at(next(total)), value: 1 + next(255) }))
      for (const { bytes, index, value } of flips) bytes[index] = (bytes[index] ?? 0) ^ value
      let seen = read()
      if (seen.ms > MOST_MS) seen = read()
      expect(seen.ms, `case ${count}`).toBeLessThan(MOST_MS)
      if (seen.frames !== usual) changed++
      for (const { bytes, index, value } of flips.toReversed()) bytes[index] = (bytes[index] ?? 0) ^ value
    }
    // The flips do reach what is read: otherwise this test would show nothing.
    expect(changed).toBeGreaterThan(0)
    expect(process.memoryUsage().rss - before).toBeLessThan(MOST_MEMORY)
    expect(read().frames).toBe(usual)
  })
})
