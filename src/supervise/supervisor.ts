/**
 * The supervisor's loop: start, wait for the end, say why, wait, start again; drain when asked to end. Everything that
 * touches the system comes in through `SupervisorParts`, which is how its decisions are tested without processes.
 */
import { RestartPolicy, type RestartLimits } from './back-off.js'
import type { EndedWorker, RunEvent } from './events.js'
import type { WorkerEnd } from './worker-process.js'

export interface SupervisedWorker {
  readonly pid: number
  readonly startedAt: number
  readonly ended: Promise<WorkerEnd>
  signal(signal: NodeJS.Signals): void
  signalGroup(signal: NodeJS.Signals): void
  endLeftBehind(report: (signal: 'SIGTERM' | 'SIGKILL') => void): Promise<void>
}

export interface SupervisorParts {
  start(): Promise<SupervisedWorker>
  /** Joins the end with the tombstone, if there is one. */
  explain(end: WorkerEnd, startedAt: number): EndedWorker
  /** @returns what dismisses the guard. */
  guard(worker: SupervisedWorker): () => void
  report(event: RunEvent): void
}

export interface SupervisorOptions extends RestartLimits {
  readonly restart: boolean
  /** From the signal that asks to end until SIGKILL, ms. */
  readonly drainMs: number
}

export class Supervisor {
  readonly #parts: SupervisorParts
  readonly #options: SupervisorOptions
  #worker: SupervisedWorker | null = null
  #ending = false
  #drainTimer: NodeJS.Timeout | null = null
  #wake: (() => void) | null = null

  constructor(parts: SupervisorParts, options: SupervisorOptions) {
    this.#parts = parts
    this.#options = options
  }

  /** @returns the exit code for the supervisor itself: the last worker's. */
  async run(): Promise<number> {
    const policy = new RestartPolicy(this.#options)
    let restarts = 0
    for (;;) {
      const ended = await this.#runOnce(restarts)
      if (this.#ending || !this.#options.restart) return this.#stopped(ended.exitCode)
      const decision = policy.decide(ended.aliveMs)
      restarts = decision.restarts
      if (!decision.restart) {
        this.#parts.report({ event: 'gave-up', restarts, exitCode: ended.exitCode })
        return ended.exitCode
      }
      this.#parts.report({ event: 'restarting', restarts, waitMs: decision.waitMs })
      await this.#wait(decision.waitMs)
      // Asked to end meanwhile: no worker was running, so the last one's code is all there is to tell.
      if (this.#ending) return this.#stopped(ended.exitCode)
    }
  }

  /** First time: passed on, then the deadline runs. Second time: at once. */
  end(signal: NodeJS.Signals): void {
    const worker = this.#worker
    const again = this.#ending
    this.#ending = true
    this.#wake?.()
    if (!worker) return
    if (again) {
      this.#kill(worker, 'second signal')
      return
    }
    this.#parts.report({ event: 'draining', pid: worker.pid, signal, deadlineMs: this.#options.drainMs })
    worker.signal(signal)
    this.#drainTimer = setTimeout(() => this.#kill(worker, 'deadline over'), this.#options.drainMs)
  }

  passOn(signal: NodeJS.Signals): void {
    this.#worker?.signal(signal)
  }

  passOnToGroup(signal: NodeJS.Signals): void {
    this.#worker?.signalGroup(signal)
  }

  async #runOnce(restarts: number): Promise<EndedWorker> {
    const worker = await this.#parts.start()
    this.#worker = worker
    const dismissGuard = this.#parts.guard(worker)
    this.#parts.report({ event: 'started', pid: worker.pid, restarts })
    const end = await worker.ended
    this.#worker = null
    if (this.#drainTimer) clearTimeout(this.#drainTimer)
    const ended = this.#parts.explain(end, worker.startedAt)
    this.#parts.report({ event: 'ended', ...ended })
    await worker.endLeftBehind((signal) => this.#parts.report({ event: 'left-behind', pid: worker.pid, signal }))
    dismissGuard()
    return ended
  }

  #kill(worker: SupervisedWorker, why: 'second signal' | 'deadline over'): void {
    this.#parts.report({ event: 'killing', pid: worker.pid, why })
    worker.signalGroup('SIGKILL')
  }

  #stopped(exitCode: number): number {
    this.#parts.report({ event: 'stopped', exitCode })
    return exitCode
  }

  async #wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = null
  }
}
