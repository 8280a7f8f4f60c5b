/** Worker threads, and ports between threads. */
import type { Family } from './family.js'
import { handleOf } from './sockets.js'

export const workers: Family = {
  classes: ['Worker'],
  nativeKind: 'worker',
  describe(object) {
    const threadId = handleOf(object)?.number('threadId') ?? null
    return { kind: 'worker', ...(threadId === null ? {} : { threadId }) }
  },
}

export const ports: Family = {
  classes: ['MessagePort'],
  nativeKind: 'message-port',
  describe: (object) => ({ kind: 'message-port', label: object.className }),
}
