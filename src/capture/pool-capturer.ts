/** `pool`: libuv's thread pool, what runs in it and what waits, which thread asked, and where in the user's code. No pause. */
import type { PoolState, PoolWork } from '../model/loop.js'
import { findLoops } from '../native/loop/find-loops.js'
import { readPool } from '../native/pool/read-pool.js'
import type { WorkReading } from '../native/pool/pool-work.js'
import { Functions } from '../v8/objects/functions.js'
import { PoolRequesters } from '../v8/figures/pool-requester.js'
import type { Capturer } from './capturer.js'
import { nativeOf, unreadable } from './from-memory.js'
import { memoryCapability } from './memory-target.js'

export const poolCapturer: Capturer<PoolState> = {
  name: 'pool',
  supports: memoryCapability,
  capture(session) {
    const memory = session.memory()
    const native = nativeOf(memory)
    const answer = readPool(native)
    if ('unknown' in answer) throw unreadable(answer.unknown)
    const { pool } = answer
    const tidOf = new Map([...findLoops(native)].map(([tid, loop]) => [loop as number, tid]))
    const requesters = new PoolRequesters(memory.heap, new Functions(memory.heap))
    const requester = (work: WorkReading): PoolWork['queuedBy'] =>
      work.owner === null ? undefined : requesters.of(work.owner)
    const clean = (text: string): string => session.options.redactor.text(text)
    const shown = (work: WorkReading): PoolWork => workOf(work, tidOf.get(work.loop), requester(work), clean)
    return { ...pool, running: pool.running.map(shown), queued: pool.queued.map(shown) }
  },
}

/** Without the addresses, which mean nothing to a reader. */
function workOf(
  { address: _address, owner: _owner, loop: _loop, ...work }: WorkReading,
  askedByTid: number | undefined,
  queuedBy: PoolWork['queuedBy'],
  clean: (text: string) => string,
): PoolWork {
  return {
    ...work,
    what: work.what === null ? null : clean(work.what),
    ...(work.syscall === undefined ? {} : { syscall: clean(work.syscall) }),
    ...(askedByTid === undefined ? {} : { askedByTid }),
    ...(queuedBy === undefined ? {} : { queuedBy }),
  }
}
