/**
 * A wait for a file, a look-up or a job joined to the work of libuv's thread pool that it waits for: running, in which
 * thread and in which system call, or queued. By the place that asked, else by what is asked; where several fit and
 * don't agree, nothing is said.
 */
import { isPooled, type WaitKind, type WaitsFor } from '../model/wait.js'
import type { PoolState, PoolWork } from '../model/loop.js'

/** Where one waits: the function itself and its awaiters, of whom the innermost in the user's code is known to have asked. */
export interface PoolWaiter {
  readonly places: readonly Place[]
  /** Of the isolate. */
  readonly tid?: number | undefined
}

interface Place {
  readonly function: string | null
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
}

interface Found {
  readonly work: PoolWork
  readonly queued: boolean
}

/** Newer lines of Node (26 does) read a whole file by a job of its own, which names no path. */
const FILES: ReadonlySet<string> = new Set(['fs', 'ReadFileJob'])
const LOOKUPS: ReadonlySet<string> = new Set(['getaddrinfo', 'getnameinfo'])

/** With `queued`, and for what runs `tid` and `syscall` of its pool thread; as it was where no work fits. */
export function withPoolWork(waits: WaitsFor, pool: PoolState | null, waiter: PoolWaiter): WaitsFor {
  if (pool === null || !isPooled(waits)) return waits
  const all = [
    ...pool.running.map((work): Found => ({ work, queued: false })),
    ...pool.queued.map((work): Found => ({ work, queued: true })),
  ].filter(({ work }) => mayBe(waits, work, waiter))
  const byPlace = all.filter(({ work }) => waiter.places.some((place) => isPlace(work.queuedBy, place)))
  const found = byPlace.length > 0 ? byPlace : all.filter(({ work }) => identity(waits, work) === 'same')
  const [first] = found
  if (first === undefined || found.some((each) => each.queued !== first.queued)) return waits
  if (first.queued) return { ...waits, queued: true }
  const { tid, syscall } = first.work
  return {
    ...waits,
    queued: false,
    ...(tid !== undefined && found.length === 1 ? { tid } : {}),
    ...(syscall !== undefined && found.every((each) => each.work.syscall === syscall) ? { syscall } : {}),
  }
}

function mayBe(waits: WaitsFor, work: PoolWork, waiter: PoolWaiter): boolean {
  if (kindOf(work) !== waits.kind) return false
  if (waiter.tid !== undefined && work.askedByTid !== undefined && waiter.tid !== work.askedByTid) return false
  return identity(waits, work) !== 'other'
}

function kindOf(work: PoolWork): WaitKind {
  if (FILES.has(work.kind)) return 'file'
  return LOOKUPS.has(work.kind) ? 'dns' : 'pool-request'
}

/** Whether both name the same path, host, descriptor or class. `unknown` where one of them names none. */
function identity(waits: WaitsFor, work: PoolWork): 'same' | 'other' | 'unknown' {
  const pairs: readonly (readonly [unknown, unknown])[] = [
    [waits.path ?? waits.host, work.what ?? undefined],
    [waits.fd, work.fd],
  ]
  const named = pairs.filter(([wanted, had]) => wanted !== undefined && had !== undefined)
  if (named.length > 0) return named.some(([wanted, had]) => wanted !== had) ? 'other' : 'same'
  // A job's class can't tell two jobs apart, but names the only one; names of wrappers and of classes may differ.
  return waits.kind === 'pool-request' && waits.owner === work.kind ? 'same' : 'unknown'
}

function isPlace(asked: PoolWork['queuedBy'], place: Place): boolean {
  return (
    asked !== undefined &&
    asked.file !== null &&
    asked.line !== null &&
    asked.file === place.file &&
    asked.line === place.line &&
    asked.column === place.column &&
    asked.function === place.function
  )
}
