/**
 * Ends of a message channel that nothing comes through any more: a port that is closed (or was handed to another thread),
 * a BroadcastChannel that is closed, a worker whose thread has ended. Told by their own fields.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import type { NativeObjects } from './native-objects.js'

export interface PortContext {
  readonly objects: Objects
  readonly natives: NativeObjects
}

/** `closed`; null for one that is open, and for any other object. */
export function portOver({ objects, natives }: PortContext, port: Tagged): string | null {
  const { heap } = objects
  if (objects.isApiType(heap.typeOf(port))) {
    // Closing a port deletes its C++ side.
    return objects.className(port) === 'MessagePort' && natives.of(port) === null ? 'closed' : null
  }
  if (!heap.is(port, 'JS_OBJECT')) return null
  const name = objects.className(port)
  if (name !== 'Worker' && name !== 'BroadcastChannel') return null
  if (objects.classScript(port)?.startsWith('node:') !== true) return null
  // lib/internal/worker.js, [kDispose]; lib/internal/worker/io.js, close().
  const handle = objects.oddball(objects.getAny(port, ['[kHandle]']) ?? 0)
  if (name === 'Worker') return handle === 'null' ? 'over (its thread has ended)' : null
  return handle === 'undefined' ? 'closed' : null
}
