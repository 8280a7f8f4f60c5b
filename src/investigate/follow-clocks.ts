/** The clocks of a process with the agent, read again and again beside something else that takes its time. */
import type { ClockMoment } from '../model/timeline.js'
import { connectToAgent } from '../platform/control/client.js'

/** Each reading tells the last beat: of a poll loop that beats more often some are seen, and how many there were. */
const EVERY_MS = 250
const ANSWER_MS = 500
/** An hour's worth; later ones replace none. */
const MAX_READINGS = 14_400

export interface FollowedClocks {
  /** Oldest first; empty without an agent, or where it does not answer. Times count from when the following began. */
  stop(): Promise<readonly ClockMoment[]>
}

/** Never throws: what is recorded does not need them. */
export function followClocks(pid: number): FollowedClocks {
  const readings: ClockMoment[] = []
  const stopped = new AbortController()
  const startedMs = performance.now()
  const following = follow(pid, stopped.signal, (clocks) => {
    if (readings.length < MAX_READINGS) readings.push({ atMs: performance.now() - startedMs, clocks })
  }).catch(() => undefined)
  return {
    stop: async () => {
      stopped.abort()
      await following
      return readings
    },
  }
}

async function follow(pid: number, signal: AbortSignal, take: (clocks: ClockMoment['clocks']) => void): Promise<void> {
  const agent = await connectToAgent(pid, ANSWER_MS)
  if (agent === null) return
  try {
    take(agent.status.clocks)
    while (!signal.aborted) {
      await pause(EVERY_MS, signal)
      // Once more at the end: what was in flight then is what matters.
      take((await agent.readStatus(ANSWER_MS)).clocks)
    }
  } finally {
    agent.dispose()
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
