/**
 * Starts a capture thread and waits for it with a deadline, from the watch thread. Whatever becomes of the capture
 * thread (a crash, its memory limit, a hang), there is one answer, in time.
 */
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { StallError, type StallErrorCode } from '../../model/stall-error.js'
import { threadOptions } from '../shared/worker-environment.js'
import type { CaptureAnswer, CaptureThreadData, FromCapture } from '../shared/messages.js'

/** A thread that does not end can't be made to; beside so many of them no other is started. */
const MAX_STUCK = 2

/** A limit noticed so late: nobody ran meanwhile (SIGSTOP), neither the capture. It gets that time once more. */
const STOOD_STILL_MS = 1000

/** With 1 MB V8 could not even set the thread up, and ended the whole process (seen on Node 26). */
const LEAST_MEMORY_MB = 4

/** The usual young generation (up to 48 MB) would be filled with garbage, and be resident, before it is collected. */
const YOUNG_MB = 2

export type CaptureResult =
  | { readonly type: 'done'; readonly answer: CaptureAnswer }
  | { readonly type: 'looked'; readonly look: string }
  | { readonly type: 'failed'; readonly error: StallError }

export interface CaptureRunnerOptions {
  /** Limit of the capture thread's JavaScript heap, MB. */
  readonly memoryMb: number
  readonly file?: string
}

export class CaptureRunner {
  private readonly options: CaptureRunnerOptions
  private current: { readonly settle: (result: CaptureResult) => void } | null = null
  /** Capture threads that have not ended yet. */
  private stuck = 0

  constructor(options: CaptureRunnerOptions) {
    this.options = options
  }

  get busy(): boolean {
    return this.current !== null
  }

  /**
   * One capture; `finish` is called exactly once, at the latest `limitMs` from now (of time in which the process ran).
   * @throws never; while one is under way, or when threads are stuck, `finish` gets the reason at once
   */
  start(
    data: CaptureThreadData,
    limitMs: number,
    finish: (result: CaptureResult) => void,
    progress: (step: string) => void = () => undefined,
  ): void {
    if (this.current || this.stuck >= MAX_STUCK) {
      finish(failed('ERR_STALL_CAPTURE_FAILED', this.current ? 'a capture is under way' : 'earlier captures are stuck'))
      return
    }
    let worker: Worker
    try {
      worker = new Worker(this.options.file ?? path.join(__dirname, '../capture-thread/capture-thread.js'), {
        ...threadOptions('stall-capture', data),
        resourceLimits: {
          maxOldGenerationSizeMb: Math.max(LEAST_MEMORY_MB, this.options.memoryMb),
          maxYoungGenerationSizeMb: YOUNG_MB,
        },
      })
    } catch (thrown) {
      finish(failed('ERR_STALL_CAPTURE_FAILED', `the capture thread can't start: ${messageOf(thrown)}`, thrown))
      return
    }
    this.stuck++
    worker.once('exit', () => {
      this.stuck--
    })
    const startedAt = Date.now()
    let step = 'starting'
    let settled = false
    const settle = (result: CaptureResult): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      this.current = null
      if (result.type === 'failed' && data.mode === 'look') giveUp(worker)
      finish(result)
    }
    this.current = { settle }
    const expire = (dueMs: number, extended: boolean): void => {
      const lateMs = performance.now() - dueMs
      if (lateMs > STOOD_STILL_MS && !extended) {
        arm(Math.min(lateMs, limitMs), true)
        return
      }
      settle(failed('ERR_STALL_TIMEOUT', `the capture was not done after ${Date.now() - startedAt} ms, in: ${step}`))
    }
    const arm = (ms: number, extended: boolean): void => {
      const dueMs = performance.now() + ms
      timer = setTimeout(() => expire(dueMs, extended), ms)
    }
    let timer: NodeJS.Timeout | undefined
    arm(limitMs, false)
    worker.on('message', (message: FromCapture) => {
      if (message.type !== 'progress') {
        settle(message)
        return
      }
      step = message.step
      progress(step)
    })
    worker.on('error', (error) => {
      settle(failed('ERR_STALL_CAPTURE_CRASHED', `the capture thread failed in ${step}: ${error.message}`, error))
    })
    worker.on('exit', (code) => {
      settle(failed('ERR_STALL_CAPTURE_CRASHED', `the capture thread ended with ${code} in: ${step}`))
    })
  }

  /** Gives the one under way up. */
  cancel(): void {
    this.current?.settle(failed('ERR_STALL_CAPTURE_FAILED', 'given up for another capture'))
  }
}

/**
 * Ends a look that is late. An incident's thread is never ended from here: with an inspector session to the main thread
 * open, or just closed, that can abort the whole process (docs/internals/hazards-found.md). It ends by itself, its work being
 * bounded, and is counted until then.
 */
function giveUp(worker: Worker): void {
  // A rejection could only say that it has ended already.
  worker.terminate().catch(() => undefined)
}

function failed(code: StallErrorCode, message: string, cause?: unknown): CaptureResult {
  return { type: 'failed', error: new StallError(code, message, { cause, help: HELP }) }
}

const HELP = 'Look from outside while it lasts: conductor-diag dump PID'

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
