/**
 * pg-boss 10 (src/worker.js there): each worker fetches jobs by a query, works on them, and sleeps until its interval is
 * over. The class is a module of the package's own that nothing exports, so it is known by its shape.
 */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { isPatchable, replaceMethod } from '../modules/replace-method.js'
import { safely } from '../guard/safely.js'
import { QueueLoop } from './queue-loop.js'

interface PgBossWorker {
  readonly name?: string
  readonly interval?: number
  fetch: () => Promise<unknown>
  onFetch: (jobs: unknown) => Promise<unknown>
  start: (this: PgBossWorker) => Promise<void>
  stop: (this: PgBossWorker) => void
}

const INTERVAL_MS = 2000
/** For a query that has to wait for others. */
const SLACK_MS = 2000
const MAX_IDS = 3
/** Its own queues, which it works on in its own time. */
const INTERNAL = '__pgboss__'
const PATCHED = new WeakSet<object>()

export function patchPgBoss(clocks: ClockSource, exports: unknown, taskStallMs: number): void {
  const prototype = typeof exports === 'function' ? (exports.prototype as PgBossWorker | undefined) : undefined
  if (!prototype || PATCHED.has(prototype)) return
  if (!['start', 'stop', 'notify'].every((name) => isPatchable(prototype, name))) return
  PATCHED.add(prototype)
  const loops = new WeakMap<PgBossWorker, QueueLoop>()
  const { start, stop } = prototype
  replaceMethod(prototype, 'start', function (this: PgBossWorker) {
    safely(() => {
      if (typeof this.fetch !== 'function' || typeof this.onFetch !== 'function') return
      if (this.name === undefined || this.name.startsWith(INTERNAL)) return
      const loop = new QueueLoop(clocks, `pg-boss:${this.name}`, taskStallMs)
      loops.set(this, loop)
      watch(this, loop)
    })
    return start.call(this)
  })
  replaceMethod(prototype, 'stop', function (this: PgBossWorker) {
    safely(() => loops.get(this)?.close())
    return stop.call(this)
  })
}

function watch(worker: PgBossWorker, loop: QueueLoop): void {
  const { fetch, onFetch } = worker
  const waitMs = (worker.interval ?? INTERVAL_MS) + SLACK_MS
  replaceMethod(worker, 'fetch', () => loop.ask(1, waitMs, fetch))
  replaceMethod(worker, 'onFetch', (jobs: unknown) => {
    const ids = idsOf(jobs)
    return ids.length === 0 ? onFetch(jobs) : loop.work(1, { id: ids.join(' ') }, () => onFetch(jobs), onFetch)
  })
}

function idsOf(jobs: unknown): string[] {
  const list: unknown[] = Array.isArray(jobs) ? jobs : [jobs]
  return list.slice(0, MAX_IDS).flatMap((job) => {
    const id: unknown = typeof job === 'object' && job !== null ? Reflect.get(job, 'id') : undefined
    return typeof id === 'string' ? [id] : []
  })
}
