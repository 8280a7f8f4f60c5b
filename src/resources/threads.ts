/** Worker threads, and ports between threads. */
import type { Family } from './family.js'
import { handleOf } from './sockets.js'

export const workers: Family = {
  classes: ['Worker'],
  nativeKind: 'worker',
  describe(object) {
    const handle = handleOf(object)
    const threadId = handle?.number('threadId') ?? null
    const tid = handle?.native()?.tid
    return {
      kind: 'worker',
      ...(threadId === null ? {} : { threadId }),
      ...(tid === undefined ? {} : { tid }),
    }
  },
}

export const ports: Family = {
  classes: ['MessagePort'],
  nativeKind: 'message-port',
  describe: (object) => ({ kind: 'message-port', label: object.className }),
}
