/**
 * One worker process in a process group of its own, so that a hung child of a dead worker can be found and ended.
 * Knows processes and signals; deliberately nothing of restarts.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import { StallError } from '../model/stall-error.js'
import type { WorkerCommand } from './preload.js'

export interface WorkerEnd {
  readonly pid: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly aliveMs: number
}

/** How long what a dead worker left behind has between SIGTERM and SIGKILL, ms. */
const LEFT_BEHIND_GRACE_MS = 2000
const LOOK_EVERY_MS = 25

/** 128 + number for a signal, as shells report it. */
export function exitCodeOf(end: { code: number | null; signal: NodeJS.Signals | null }): number {
  if (end.code !== null) return end.code
  return end.signal === null ? 1 : 128 + (constants.signals[end.signal] ?? 0)
}

/** False when nobody is there (ESRCH) or it isn't ours any more (EPERM: the number was used again). */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export class WorkerProcess {
  readonly pid: number
  /** Wall clock at the start, ms since the epoch. */
  readonly startedAt: number
  readonly ended: Promise<WorkerEnd>
  #over = false

  private constructor(child: ChildProcess, pid: number) {
    this.pid = pid
    this.startedAt = Date.now()
    const startedMs = performance.now()
    this.ended = once(child, 'exit').then(([code, signal]) => {
      this.#over = true
      return {
        pid,
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
        aliveMs: performance.now() - startedMs,
      }
    })
  }

  /** @throws StallError ERR_STALL_USAGE when the command can't be started. */
  static async start(command: WorkerCommand): Promise<WorkerProcess> {
    // detached: setsid(2), hence a process group whose number is the pid; the terminal is still inherited.
    const child = spawn(command.file, command.args, { env: command.env, stdio: 'inherit', detached: true })
    if (child.pid === undefined) {
      const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException]
      throw new StallError('ERR_STALL_USAGE', `cannot start '${command.file}': ${error.code ?? error.message}`, {
        help: 'Give the command as you would type it: conductor-diag run -- node worker.js',
        cause: error,
      })
    }
    return new WorkerProcess(child, child.pid)
  }

  /** To the process alone: what it starts hears it from the worker, as it would without us. */
  signal(signal: NodeJS.Signals): void {
    if (!this.#over) send(this.pid, signal)
  }

  /** To the worker and everything in its group. */
  signalGroup(signal: NodeJS.Signals): void {
    send(-this.pid, signal)
  }

  /**
   * Ends what is left of the group after the worker's own end. A process that made itself a session of its own
   * (daemons) is none of ours. Bounded: also zombies count as alive for kill(2), and as pid 1 of a container we would
   * be the one who has to reap them.
   */
  async endLeftBehind(report: (signal: 'SIGTERM' | 'SIGKILL') => void): Promise<void> {
    for (const [signal, limitMs] of [
      ['SIGTERM', LEFT_BEHIND_GRACE_MS],
      ['SIGKILL', 500],
    ] as const) {
      // A child that was told to end together with the worker gets the moment it needs.
      if (await this.#groupEmpty(signal === 'SIGTERM' ? 2 * LOOK_EVERY_MS : 0)) return
      report(signal)
      this.signalGroup(signal)
      if (await this.#groupEmpty(limitMs)) return
    }
  }

  async #groupEmpty(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs
    while (send(-this.pid, 0)) {
      if (performance.now() >= deadline) return false
      await pause(LOOK_EVERY_MS)
    }
    return true
  }
}
