/** The clocks of a process with the agent, read again and again beside something else that takes its time. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClockMoment } from '../model/timeline.js'
import { connectToAgent, type ControlClient } from '../platform/control/client.js'

/** Each reading tells the last beat: of a poll loop that beats more often some are seen, and how many there were. */
const EVERY_MS = 250
const CONNECT_MS = 2000
const ANSWER_MS = 1000
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
  do {
    const agent = await connectToAgent(pid, CONNECT_MS).catch(() => 'silent' as const)
    if (agent === null) return
    // One that did not answer in time may later: a machine can be busy.
    if (agent !== 'silent') await read(agent, signal, take).finally(() => agent.dispose())
    await pause(EVERY_MS, signal)
  } while (!signal.aborted)
}

/** Until the end, or until the agent does not answer any more. */
async function read(
  agent: ControlClient,
  signal: AbortSignal,
  take: (clocks: ClockMoment['clocks']) => void,
): Promise<void> {
  take(agent.status.clocks)
  while (!signal.aborted) {
    await pause(EVERY_MS, signal)
    // Once more at the end: what was in flight then is what matters.
    const status = await agent.readStatus(ANSWER_MS).catch(() => null)
    if (status === null) return
    take(status.clocks)
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Ended early is ended.
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
