/**
 * `heap-await`: the await tree out of a heap snapshot, where memory can't be read. It pauses the main thread, for
 * seconds when the heap is large: only when the settings allow it, never beyond a heap size, and the pause is told.
 */
import type { AwaitTree } from '../model/await.js'
import { sayWaits } from '../report/wait/wait-words.js'
import type { Capturer } from './capturer.js'
import type { InspectorAccess } from '../inspector/inspector-access.js'

export interface HeapAwaitOptions {
  /** `CONDUCTOR_STALL_HEAP_SNAPSHOT`, or asked for on the command line. */
  readonly allowed: boolean
  /** Largest used heap, bytes. */
  readonly maxHeapBytes?: number
}

export function createHeapAwaitCapturer(access: InspectorAccess, options: HeapAwaitOptions): Capturer<AwaitTree> {
  return {
    name: 'heap-await',
    supports: () =>
      options.allowed
        ? 'yes'
        : {
            no: 'a heap snapshot pauses the process: it is taken only when CONDUCTOR_STALL_HEAP_SNAPSHOT or --heap-snapshot allows it',
          },
    async capture(session, { deadlineMs, notePause }) {
      // For what is asked for seldom: nobody else's start should wait for it.
      const { awaitsFromSnapshot, DEFAULT_SNAPSHOT_OPTIONS } = await import('../inspector/heap/snapshot-awaits.js')
      try {
        const connection = await access.connection(session.target, deadlineMs, { idleToo: true })
        const tree = await awaitsFromSnapshot(connection, {
          ...DEFAULT_SNAPSHOT_OPTIONS,
          ...(options.maxHeapBytes === undefined ? {} : { maxHeapBytes: options.maxHeapBytes }),
          deadlineMs,
        })
        notePause(tree.pausedMs)
        return session.options.redactor.value(sayWaits(tree)) as AwaitTree
      } finally {
        await access.release()
      }
    },
  }
}
