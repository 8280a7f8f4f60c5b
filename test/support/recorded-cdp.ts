/** An inspector connection that plays a part: answers by method, events by hand. */
import type { CdpConnection } from '../../src/inspector/connection/cdp-connection.js'
import { timeoutOf } from '../../src/inspector/connection/cdp-connection.js'

type Answer = (params: unknown) => unknown

export interface PlayedConnection extends CdpConnection {
  /** Methods in the order they came. */
  readonly sent: string[]
  emit(event: string, params: unknown): void
}

/** A method without an answer never answers: it times out at once. */
export function playConnection(answers: Readonly<Record<string, Answer>>): PlayedConnection {
  const listeners = new Map<string, Set<(params: never) => void>>()
  const sent: string[] = []
  let closed = false
  return {
    description: 'a played connection',
    sent,
    get closed() {
      return closed
    },
    async send(method, params) {
      sent.push(method)
      const answer = answers[method]
      if (!answer) throw timeoutOf(method, 'a played connection')
      return (await answer(params)) as never
    },
    on(event, listener) {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set)
      set.add(listener)
      return () => set.delete(listener)
    },
    emit(event, params) {
      for (const listener of listeners.get(event) ?? []) listener(params as never)
    },
    disconnect() {
      closed = true
    },
  }
}
