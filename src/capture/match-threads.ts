/** Which thread runs which isolate. */
import type { Address } from '../model/address.js'
import type { ThreadRole } from '../model/thread.js'
import type { Isolate } from '../v8/heap/isolates.js'

export interface IsolateOfThread {
  readonly tid: number
  readonly isolate: Isolate
}

export interface MatchedThreads {
  /** The main thread first. */
  readonly matched: readonly IsolateOfThread[]
  /** Isolates whose thread can't be told. */
  readonly unmatched: number
}

/**
 * Threads that run no JavaScript of their own. While one of V8's helps an isolate (concurrent marking, since Node 26
 * at least) its thread-local slot names that isolate, as its owner's does.
 */
const HELPERS: ReadonlySet<ThreadRole> = new Set([
  'v8-platform',
  'v8-delayed',
  'pool',
  'signal-inspector',
  'inspector-io',
])

/**
 * @param byThread what each thread's slot names, by tid.
 * @param roles what each thread was started for, as far as that is known.
 */
export function matchThreads(
  isolates: readonly Isolate[],
  mainTid: number,
  byThread: ReadonlyMap<number, Address>,
  roles: ReadonlyMap<number, ThreadRole>,
): MatchedThreads {
  const matched: IsolateOfThread[] = []
  for (const [tid, address] of byThread) {
    const role = roles.get(tid)
    if (role !== undefined && HELPERS.has(role)) continue
    const isolate = isolates.find((candidate) => candidate.address === address)
    if (isolate) matched.push({ tid, isolate })
  }
  matched.sort((a, b) => Number(b.tid === mainTid) - Number(a.tid === mainTid) || a.tid - b.tid)
  // A thread that is just ending may share its isolate's record with another.
  return { matched, unmatched: Math.max(0, isolates.length - matched.length) }
}
