/** bull 4 (lib/queue.js there): `getNextJob` asks Redis, blocked for at most `drainDelay` seconds; `processJob` works. */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { isPatchable, replaceMethod } from '../modules/replace-method.js'
import { QueueLoop, QueueLoops } from './queue-loop.js'

interface BullQueue {
  readonly name?: string
  readonly concurrency?: number
  readonly settings?: { readonly drainDelay?: number }
  getNextJob: (this: BullQueue) => Promise<unknown>
  processJob: (this: BullQueue, job: { readonly id?: string | number } | null, ...rest: unknown[]) => Promise<unknown>
  pause: (this: BullQueue, isLocal?: boolean, ...rest: unknown[]) => Promise<void>
  close: (this: BullQueue, ...args: unknown[]) => Promise<void>
}

const DRAIN_SECONDS = 5
const PATCHED = new WeakSet<object>()

export function patchBull(clocks: ClockSource, exports: unknown, taskStallMs: number): void {
  const prototype = typeof exports === 'function' ? (exports.prototype as BullQueue | undefined) : undefined
  if (!prototype || PATCHED.has(prototype)) return
  if (!['getNextJob', 'processJob', 'pause', 'close'].every((name) => isPatchable(prototype, name))) return
  PATCHED.add(prototype)
  const loops = new QueueLoops<BullQueue>(
    (queue) => new QueueLoop(clocks, `bull:${queue.name ?? 'queue'}`, taskStallMs),
  )
  const slotsOf = (queue: BullQueue): number => queue.concurrency ?? 1
  const { getNextJob, processJob, pause, close } = prototype
  replaceMethod(prototype, 'getNextJob', function (this: BullQueue) {
    const waitMs = (this.settings?.drainDelay ?? DRAIN_SECONDS) * 1000
    return loops.of(this).ask(slotsOf(this), 2 * waitMs, () => getNextJob.call(this))
  })
  replaceMethod(
    prototype,
    'processJob',
    function (this: BullQueue, job: { readonly id?: string | number } | null, ...rest: unknown[]) {
      const run = (): Promise<unknown> => processJob.call(this, job, ...rest)
      // Called without a job when the queue had none.
      return job ? loops.of(this).work(slotsOf(this), { id: String(job.id ?? '') }, run) : run()
    },
  )
  replaceMethod(prototype, 'pause', function (this: BullQueue, isLocal?: boolean, ...rest: unknown[]) {
    loops.of(this).pause()
    return pause.call(this, isLocal, ...rest)
  })
  replaceMethod(prototype, 'close', function (this: BullQueue, ...args: unknown[]) {
    loops.of(this).close()
    return close.apply(this, args)
  })
}
