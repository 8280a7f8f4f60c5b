/**
 * Starts a capture thread and waits for it with a deadline, from the watch thread. Whatever becomes of the capture
 * thread (a crash, its memory limit, a hang), there is one answer, in time.
 */
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { StallError, type StallErrorCode } from '../model/stall-error.js'
import { threadOptions } from './worker-environment.js'
import type { CaptureAnswer, CaptureThreadData, FromCapture } from './messages.js'

/** A thread that is stuck in a system call can't be ended; more than this many of them are not added. */
const MAX_STUCK = 2

/** With 1 MB V8 could not even set the thread up, and ended the whole process (seen on Node 26). */
const LEAST_MEMORY_MB = 4

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
  private stuck = 0

  constructor(options: CaptureRunnerOptions) {
    this.options = options
  }

  get busy(): boolean {
    return this.current !== null
  }

  /**
   * One capture; `finish` is called exactly once, at the latest `limitMs` from now.
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
      worker = new Worker(this.options.file ?? path.join(__dirname, 'capture-thread.js'), {
        ...threadOptions('stall-capture', data),
        resourceLimits: { maxOldGenerationSizeMb: Math.max(LEAST_MEMORY_MB, this.options.memoryMb) },
      })
    } catch (thrown) {
      finish(failed('ERR_STALL_CAPTURE_FAILED', `the capture thread can't start: ${messageOf(thrown)}`, thrown))
      return
    }
    const startedAt = Date.now()
    let step = 'starting'
    let settled = false
    const settle = (result: CaptureResult): void => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      this.current = null
      this.stop(worker)
      finish(result)
    }
    this.current = { settle }
    const timer = setTimeout(() => {
      settle(failed('ERR_STALL_TIMEOUT', `the capture was not done after ${Date.now() - startedAt} ms, in: ${step}`))
    }, limitMs)
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

  /** Ends it if it can be ended. One that hangs in a system call stays, counted. */
  private stop(worker: Worker): void {
    this.stuck++
    const ended = (): void => {
      this.stuck--
    }
    worker.terminate().then(ended, ended)
  }
}

function failed(code: StallErrorCode, message: string, cause?: unknown): CaptureResult {
  return { type: 'failed', error: new StallError(code, message, { cause, help: HELP }) }
}

const HELP = 'Look from outside while it lasts: conductor-diag dump PID'

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
