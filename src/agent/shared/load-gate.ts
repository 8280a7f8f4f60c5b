/**
 * No end of the process in the middle of loading koffi. While Node ends, it stops its threads; a thread that is just then
 * inside an addon's start makes the addon abort the whole process (napi_throw: SIGABRT instead of the exit code, seen in
 * 2 of 152 ends that fell into the 30 ms of loading). So a thread that loads says so, and the main thread's 'exit' waits.
 */
import { HEADER, HEADER_WORDS } from '../../heartbeat/layout.js'
import type { LoadGate } from '../../platform/native-calls.js'

/** Loading takes about 10 ms; where a library hangs, the end must not. */
const LIMIT_MS = 1000

/** For a thread of the agent. */
export function openLoadGate(clocks: SharedArrayBuffer): LoadGate {
  const header = new Int32Array(clocks, 0, HEADER_WORDS)
  const leave = (): void => {
    Atomics.sub(header, HEADER.loading, 1)
    Atomics.notify(header, HEADER.loading)
  }
  return {
    enter() {
      Atomics.add(header, HEADER.loading, 1)
      if (Atomics.load(header, HEADER.ending) === 0) return true
      leave()
      return false
    },
    leave,
  }
}

/** For the main thread, when the process ends: nobody begins to load any more, and who does is waited for. */
export function closeLoadGate(header: Int32Array): void {
  Atomics.store(header, HEADER.ending, 1)
  const end = performance.now() + LIMIT_MS
  for (;;) {
    const loading = Atomics.load(header, HEADER.loading)
    const leftMs = end - performance.now()
    if (loading <= 0 || leftMs <= 0) return
    Atomics.wait(header, HEADER.loading, loading, leftMs)
  }
}
