/**
 * A sealed bundle of a worker that can't look at itself, made by a thread of its own: the supervisor goes on hearing
 * signals, and its memory is given back. A thread and not a process: Yama lets a parent read its child, not a sibling.
 */
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Stall } from '../model/stall.js'
import { StallError } from '../model/stall-error.js'

export interface OutsideCaptureData {
  readonly pid: number
  readonly stall: Stall
  /** Folders to try, best first. */
  readonly directories: readonly { readonly path: string; readonly from: string; readonly shared: boolean }[]
}

export interface OutsideIncident {
  readonly incident: string
  readonly bundle: string
  /** `kind/cause` of the first verdict. */
  readonly verdict: string | null
}

const LIMIT_MS = 90_000

/** Never rejects: an error is the answer then. */
export async function captureOutside(data: OutsideCaptureData): Promise<OutsideIncident | StallError> {
  return await new Promise((resolve) => {
    let worker: Worker
    try {
      worker = new Worker(path.join(__dirname, 'outside-capture-thread.js'), { workerData: data, execArgv: [] })
    } catch (thrown) {
      resolve(new StallError('ERR_STALL_CAPTURE_FAILED', `no thread for the capture: ${String(thrown)}`))
      return
    }
    const limit = setTimeout(() => {
      resolve(new StallError('ERR_STALL_TIMEOUT', `the capture was not done after ${LIMIT_MS / 1000} s`))
      void worker.terminate()
    }, LIMIT_MS)
    worker.on('message', (answer: OutsideIncident | { readonly error: string }) => {
      resolve('error' in answer ? new StallError('ERR_STALL_CAPTURE_FAILED', answer.error) : answer)
    })
    worker.on('error', (error) => resolve(new StallError('ERR_STALL_CAPTURE_CRASHED', error.message)))
    worker.on('exit', () => {
      clearTimeout(limit)
      resolve(new StallError('ERR_STALL_CAPTURE_CRASHED', 'the capture ended without an answer'))
    })
  })
}
