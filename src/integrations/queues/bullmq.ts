/**
 * bullmq 5 and 6 (src/classes/worker.ts there): `_getNextJob` asks Redis, blocked for at most ten seconds, `processJob`
 * works on what it brought. `isRunning()` is true in every wedge that is known, so it is not asked.
 */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { isPatchable, prototypeOf, replaceMethod } from '../modules/replace-method.js'
import { QueueLoop, QueueLoops } from './queue-loop.js'

interface BullmqWorker {
  readonly name?: string
  readonly concurrency?: number
  readonly processFn?: object
  _getNextJob: (this: BullmqWorker, ...args: unknown[]) => Promise<unknown>
  processJob: (this: BullmqWorker, job: { readonly id?: string }, ...rest: unknown[]) => Promise<unknown>
  pause: (this: BullmqWorker, ...args: unknown[]) => Promise<void>
  close: (this: BullmqWorker, ...args: unknown[]) => Promise<void>
}

/** maximumBlockTimeout, which newer servers get however long the worker would wait. */
const BLOCKS_MS = 10_000
const PATCHED = new WeakSet<object>()

export function patchBullmq(clocks: ClockSource, exports: unknown, taskStallMs: number): void {
  const prototype = prototypeOf(exports, 'Worker') as BullmqWorker | null
  if (!prototype || PATCHED.has(prototype)) return
  if (!['_getNextJob', 'processJob', 'pause', 'close'].every((name) => isPatchable(prototype, name))) return
  PATCHED.add(prototype)
  const loops = new QueueLoops<BullmqWorker>(
    (worker) => new QueueLoop(clocks, `bullmq:${worker.name ?? 'queue'}`, taskStallMs),
  )
  const slotsOf = (worker: BullmqWorker): number => worker.concurrency ?? 1
  const { _getNextJob, processJob, pause, close } = prototype
  replaceMethod(prototype, '_getNextJob', function (this: BullmqWorker, ...args: unknown[]) {
    return loops.of(this).ask(slotsOf(this), BLOCKS_MS, () => _getNextJob.apply(this, args))
  })
  replaceMethod(prototype, 'processJob', function (this: BullmqWorker, job: { readonly id?: string }, ...rest) {
    const work = { id: job.id ?? '', execute: this.processFn }
    return loops.of(this).work(slotsOf(this), work, () => processJob.call(this, job, ...rest), processJob)
  })
  replaceMethod(prototype, 'pause', function (this: BullmqWorker, ...args: unknown[]) {
    loops.of(this).pause()
    return pause.apply(this, args)
  })
  replaceMethod(prototype, 'close', function (this: BullmqWorker, ...args: unknown[]) {
    loops.of(this).close()
    return close.apply(this, args)
  })
}
