/**
 * Whose standard stream a pipe is: Node keeps the streams of a child in `ChildProcess.stdio`, and what is at the other end
 * of such a pipe is no peer that could be asked, but that child.
 */
import type { WaitOf } from '../../model/wait.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { entriesOf } from './collections.js'

export interface ChildStream {
  /** The ChildProcess. */
  readonly child: Tagged
  readonly stdio: NonNullable<WaitOf<'child'>['stdio']>
}

const NAMED = ['stdin', 'stdout', 'stderr'] as const
const MAX_STREAMS = 16

/** By the stream and by its handle. `found`: objects among which the children are. */
export function childStreams(objects: Objects, found: readonly Tagged[]): ReadonlyMap<Tagged, ChildStream> {
  const streams = new Map<Tagged, ChildStream>()
  for (const child of found) {
    if (!objects.isObject(child) || objects.className(child) !== 'ChildProcess') continue
    const list = objects.getObject(child, ['stdio'])
    if (list === 0) continue
    for (const stream of entriesOf(objects, list, MAX_STREAMS)) {
      const stdio = NAMED.find((name) => objects.getObject(child, [name]) === stream) ?? 'other'
      streams.set(stream, { child, stdio })
      const handle = objects.getObject(stream, ['_handle'])
      if (handle !== 0) streams.set(handle, { child, stdio })
    }
  }
  return streams
}
