/** The watch thread as the main thread holds it: started once, never kept waiting for, never a reason to stay alive. */
import { createRequire } from 'node:module'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { monotonicMs } from '../../heartbeat/monotonic.js'
import type { ClockBoard } from '../../heartbeat/clock-board.js'
import type { CaptureAnswer, FromWatch, ToWatch, WatchThreadData } from '../shared/messages.js'
import { closeConnection } from './close-connection.js'
import { tellOpenTelemetry, tellOpenTelemetryOfEnd } from './telemetry.js'
import { threadOptions } from '../shared/worker-environment.js'

type Waiter = (answer: CaptureAnswer) => void

export class WatchThread {
  private readonly board: ClockBoard
  private worker: Worker | null = null
  private started = false
  private lost = false
  private readonly waiting = new Map<number, Waiter>()
  private captures = 0
  private holds = 0
  /** Called when the watch thread says how a premature end goes on. */
  onEnd: (exitCode: number | null) => void = () => undefined

  constructor(board: ClockBoard) {
    this.board = board
  }

  get running(): boolean {
    return this.worker !== null
  }

  /** Starts it once. False when it was started before or can't be; the latter is said. Never throws. */
  start(): boolean {
    if (this.started) return false
    this.started = true
    try {
      const workerData: WatchThreadData = { clocks: this.board.memory.buffer }
      const worker = new Worker(path.join(__dirname, '../watch-thread/watch-thread.js'), {
        ...threadOptions('stall-watch', workerData),
        // It makes next to no garbage: the usual young generation would only be resident memory.
        resourceLimits: { maxYoungGenerationSizeMb: 2 },
      })
      worker.on('message', (message: FromWatch) => this.hear(message))
      // Without a listener an error of our thread would be an uncaught exception of the worker.
      worker.on('error', (error) => this.lose(`the watch thread failed: ${error.message}`))
      worker.on('exit', (code) => this.lose(`the watch thread ended with ${code}: nothing is watched any more`))
      worker.unref()
      this.worker = worker
      return true
    } catch (thrown) {
      // The permission model without --allow-worker, no memory for a thread, no more threads for this user.
      this.lose(`the watch thread can't start: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      return false
    }
  }

  /** An incident now. Null when nobody watches. */
  capture(reason: string): Promise<CaptureAnswer> | null {
    if (!this.worker) return null
    const id = ++this.captures
    const { promise, resolve } = withResolvers<CaptureAnswer>()
    // Whoever awaits it at the end of a program has nothing else that keeps the process alive.
    this.hold()
    this.waiting.set(id, (answer) => {
      this.release()
      resolve(answer)
    })
    this.send({ type: 'capture', id, reason })
    return promise
  }

  send(message: ToWatch): void {
    this.worker?.postMessage(message)
  }

  /** While held, the process stays alive for it. As often released as held. */
  hold(): void {
    this.holds++
    this.worker?.ref()
  }

  release(): void {
    this.holds--
    if (this.holds === 0) this.worker?.unref()
  }

  private hear(message: FromWatch): void {
    switch (message.type) {
      case 'captured':
        this.waiting.get(message.id)?.(message.answer)
        this.waiting.delete(message.id)
        return
      case 'say':
        sayThroughStream(message.line)
        return
      case 'incident':
        tellOpenTelemetry(message.note)
        return
      case 'ended-before':
        for (const tombstone of message.tombstones) tellOpenTelemetryOfEnd(tombstone)
        return
      case 'end':
        this.onEnd(message.exitCode)
        return
      case 'close-connection':
        closeConnection(message.connection, (outcome, text) =>
          this.send({ type: 'connection-closed', id: message.connection.id, outcome, text, atMs: monotonicMs() }),
        )
    }
  }

  private lose(why: string): void {
    // An error is followed by an exit: the first tells more.
    if (!this.lost) sayOnce(why)
    this.lost = true
    this.worker = null
    for (const resolve of this.waiting.values()) resolve(LOST)
    this.waiting.clear()
    this.onEnd(null)
  }
}

const LOST: CaptureAnswer = {
  incident: null,
  bundlePath: null,
  verdict: null,
  verdicts: [],
  problem: {
    code: 'ERR_STALL_CAPTURE_CRASHED',
    message: 'the watch thread is gone',
    help: 'The worker itself is not affected. Restart it to be watched again.',
  },
}

/** A line in pino's format without a logger: this is said at most once or twice in a process's life. */
function sayOnce(why: string): void {
  // Loaded only now: nearly no worker ever needs it on its main thread.
  const { openStderrSink } = createRequire(__filename)(
    '../../log/stderr-sink.js',
  ) as typeof import('../../log/stderr-sink.js')
  const sink = openStderrSink()
  const help = why.includes('ermission') ? ' Under the permission model it needs --allow-worker.' : ''
  const line = { level: 40, time: Date.now(), pid: process.pid, name: 'conductor-stall-agent', msg: why + help }
  if (!sink.write(`${JSON.stringify(line)}\n`)) sayThroughStream(`${JSON.stringify(line)}\n`)
  sink.dispose()
}

/** Only while nothing is queued there: a reader that does not read must not cost the worker memory. */
function sayThroughStream(line: string): void {
  try {
    if (process.stderr.writableLength === 0) process.stderr.write(line)
  } catch {
    // A stderr that is closed: nobody is there to be told.
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
