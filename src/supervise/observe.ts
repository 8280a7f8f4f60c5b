/** Looks at a running worker from outside, again and again, and takes evidence before anything is done about trouble. */
import { performance } from 'node:perf_hooks'
import type { Stall } from '../model/stall.js'
import { StallError } from '../model/stall-error.js'
import type { ControlStatus } from '../platform/control/protocol.js'
import type { WorkerTrouble } from './events.js'
import { WorkerProbe, type LookedAt } from './look-outside.js'
import type { OutsideIncident } from './outside-capture.js'
import { canDrain, OutsideWatch, type OutsideLimits, type Trouble } from './outside-watch.js'

export interface ObserveOptions {
  readonly limits: OutsideLimits
  readonly everyMs: number
  readonly capture: (pid: number, stall: Stall) => Promise<OutsideIncident | StallError>
  /** What each look showed, for whoever remembers it beyond this worker. */
  readonly looked: (ready: boolean, status: ControlStatus | null, pid: number) => void
  readonly probe?: Pick<WorkerProbe, 'look'>
}

/** How often a worker is looked at: several times in the time that counts, and rarely enough to cost nothing. */
export function lookEveryMs({ timeoutMs, readyMs }: OutsideLimits): number {
  const shortest = Math.min(...[timeoutMs, readyMs].filter((ms) => ms > 0), 50_000)
  return Math.min(5000, Math.max(250, shortest / 10))
}

/** @returns what ends it */
export function observeWorker(
  worker: { readonly pid: number },
  options: ObserveOptions,
  trouble: (trouble: WorkerTrouble, drain: boolean) => void,
): () => void {
  const { limits, everyMs, capture, looked, probe = new WorkerProbe(worker.pid) } = options
  const watch = new OutsideWatch(limits, performance.now())
  let over = false
  let timer: NodeJS.Timeout

  const turn = async (): Promise<void> => {
    const seen = await probe.look().catch(() => null)
    if (over) return
    if (seen !== null) {
      const found = watch.look(seen.look, everyMs)
      looked(watch.ready, seen.status, seen.pid)
      if (found !== null) {
        over = true
        trouble(await evidenceOf(worker.pid, seen, found), canDrain(found))
        return
      }
    }
    timer = setTimeout(() => void turn(), everyMs)
  }

  const evidenceOf = async (pid: number, seen: LookedAt, found: Trouble): Promise<WorkerTrouble> => {
    const answer = await capture(seen.pid, stallOf(seen, found))
    const none = answer instanceof StallError
    return {
      pid,
      kind: found.kind,
      forMs: found.forMs,
      incident: none ? null : answer.incident,
      bundle: none ? null : answer.bundle,
      verdict: none ? null : answer.verdict,
      problem: none ? `${answer.message} (${answer.code})` : null,
    }
  }

  timer = setTimeout(() => void turn(), everyMs)
  return () => {
    over = true
    clearTimeout(timer)
  }
}

function stallOf({ status }: LookedAt, { kind, forMs, limitMs }: Trouble): Stall {
  return {
    trigger: kind === 'not-ready' ? 'startup' : 'outside',
    level: 'stall',
    clock: null,
    ageMs: forMs,
    thresholdMs: limitMs,
    noticedAt: Date.now(),
    reason: kind,
    clocks: status?.clocks ?? [],
  }
}
