/**
 * Why a loop does not turn although its thread runs. Over two looks: the loop's turns, the microtasks that finished,
 * the async ids given, the tick queue's flag.
 *
 * | over the looks | turns | microtasks | async ids | tick flag |
 * |---|---|---|---|---|
 * | next-tick | still | still | grow | set |
 * | microtasks | still | grow | any | clear |
 * | both | still | grow | grow | set |
 * | one callback that never returns | still | still | still | clear |
 * | setImmediate storm, ordinary work | grow | any | any | any |
 */
import type { Address } from '../../model/address.js'
import type { Starvation } from '../../model/loop.js'
import { findEnvironment, readEnvironment, type EnvironmentPlace } from '../../native/loop/environment.js'
import { readLoop } from '../../native/loop/read-loop.js'
import type { NativeProcess } from '../../native/process/native-process.js'
import { findMicrotaskQueue, finishedMicrotasks } from './microtasks.js'
import type { V8Layout } from '../layouts/layout.js'

/** One look at the counters. */
export interface StarvationReading {
  readonly turns: number
  readonly polling: boolean
  readonly microtasks: number
  readonly asyncIds: number
  readonly tickScheduled: boolean
}

/** Where a thread's counters are. */
export interface StarvationPlace {
  readonly tid: number
  readonly loop: Address
  readonly queue: Address
  readonly environment: EnvironmentPlace
}

/** Or why they can't be had, one sentence. */
export function findStarvationCounters(
  native: NativeProcess,
  layout: V8Layout,
  thread: { readonly tid: number; readonly loop: Address; readonly isolate: Address },
): StarvationPlace | { readonly unknown: string } {
  const queue = findMicrotaskQueue(native, layout, thread.isolate)
  if (queue === null) return { unknown: 'the microtask queue was not where this version of V8 keeps it' }
  const environment = findEnvironment(native, thread.loop, thread.isolate)
  if (environment === null) return { unknown: "node's Environment was not recognised" }
  return { tid: thread.tid, loop: thread.loop, queue, environment }
}

/** Null when the loop is gone. Flush the memory's cache before. */
export function lookAtStarvation(native: NativeProcess, place: StarvationPlace): StarvationReading | null {
  const loop = readLoop(native, place.loop, place.tid)
  if (!loop) return null
  return {
    turns: loop.turns,
    polling: loop.polling,
    microtasks: finishedMicrotasks(native, place.queue),
    ...readEnvironment(native, place.environment),
  }
}

/** Pure. `looks` oldest first, over 100 ms and more; fewer than two say nothing. */
export function starvationOf(looks: readonly StarvationReading[]): Starvation {
  const first = looks[0]
  const last = looks.at(-1)
  if (!first || !last || first === last || last.turns !== first.turns || looks.some((look) => look.polling))
    return 'none'
  const microtasksRan = last.microtasks > first.microtasks
  const ticksRan = last.asyncIds > first.asyncIds && looks.some((look) => look.tickScheduled)
  if (microtasksRan) return ticksRan ? 'both' : 'microtasks'
  return ticksRan ? 'next-tick' : 'none'
}
