/**
 * The loop of one worker: start, wait for the end, say why, wait, start again; drain when asked to end, and end a
 * worker that is in trouble as seen from outside. Everything that touches the system comes in through
 * `SupervisorParts`, which is how its decisions are tested without processes.
 */
import { RestartPolicy, type RestartLimits } from './back-off.js'
import type { EndedWorker, RunEvent, WorkerTrouble } from './events.js'
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
  /** Looks at a running worker from outside. @returns what ends the looking */
  observe?(worker: SupervisedWorker, trouble: (trouble: WorkerTrouble, drain: boolean) => void): () => void
  report(event: RunEvent): void
}

export interface SupervisorOptions extends RestartLimits {
  /** `on-failure`: not after exit code 0. */
  readonly restart: boolean | 'on-failure'
  /** From the signal that asks to end until SIGKILL, ms. */
  readonly drainMs: number
}

/** 70 counts for a worker that was ended from outside too, whatever signal did it. */
const EXIT_STALLED = 70

export class Supervisor {
  readonly #parts: SupervisorParts
  readonly #options: SupervisorOptions
  #worker: SupervisedWorker | null = null
  #ending = false
  #drainTimer: NodeJS.Timeout | null = null
  /** Of the worker that runs. */
  #trouble: WorkerTrouble | null = null
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
      if (this.#ending || !this.#isWanted(ended)) return this.#stopped(ended.exitCode)
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
    if (again) this.#kill(worker, 'second signal')
    else this.#drain(worker, signal)
  }

  passOn(signal: NodeJS.Signals): void {
    this.#worker?.signal(signal)
  }

  passOnToGroup(signal: NodeJS.Signals): void {
    this.#worker?.signalGroup(signal)
  }

  #isWanted(ended: EndedWorker): boolean {
    const { restart } = this.#options
    return restart === 'on-failure' ? ended.exitCode !== 0 : restart
  }

  async #runOnce(restarts: number): Promise<EndedWorker> {
    const worker = await this.#parts.start()
    this.#worker = worker
    this.#trouble = null
    const dismissGuard = this.#parts.guard(worker)
    this.#parts.report({ event: 'started', pid: worker.pid, restarts })
    const leave = this.#parts.observe?.(worker, (trouble, drain) => this.#endTroubled(worker, trouble, drain))
    // Asked to end while it was being started: it has not heard of that.
    if (this.#ending) this.#drain(worker, 'SIGTERM')
    const end = await worker.ended
    leave?.()
    this.#worker = null
    if (this.#drainTimer) clearTimeout(this.#drainTimer)
    this.#drainTimer = null
    const ended = withTrouble(this.#parts.explain(end, worker.startedAt), this.#trouble)
    this.#parts.report({ event: 'ended', ...ended })
    await worker.endLeftBehind((signal) => this.#parts.report({ event: 'left-behind', pid: worker.pid, signal }))
    dismissGuard()
    return ended
  }

  /** Its evidence is safe: it makes room for the next one. */
  #endTroubled(worker: SupervisedWorker, trouble: WorkerTrouble, drain: boolean): void {
    if (this.#worker !== worker) return
    this.#trouble = trouble
    this.#parts.report({ event: 'trouble', ...trouble })
    // Its own end has been asked for already, and that deadline runs.
    if (this.#drainTimer) return
    if (drain) this.#drain(worker, 'SIGTERM')
    else this.#kill(worker, trouble.kind)
  }

  #drain(worker: SupervisedWorker, signal: NodeJS.Signals): void {
    if (this.#drainTimer) clearTimeout(this.#drainTimer)
    this.#parts.report({ event: 'draining', pid: worker.pid, signal, deadlineMs: this.#options.drainMs })
    worker.signal(signal)
    this.#drainTimer = setTimeout(() => this.#kill(worker, 'deadline over'), this.#options.drainMs)
  }

  #kill(worker: SupervisedWorker, why: Extract<RunEvent, { event: 'killing' }>['why']): void {
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

function withTrouble(ended: EndedWorker, trouble: WorkerTrouble | null): EndedWorker {
  if (trouble === null || ended.watchdog !== null) return ended
  const { kind, incident, bundle, verdict } = trouble
  return {
    ...ended,
    exitCode: EXIT_STALLED,
    watchdog: { reason: `outside: ${kind}`, incident, bundle, verdict, place: null },
  }
}
