/**
 * Notices that the application begins to end itself: a SIGTERM or SIGINT that it handles.
 *
 * Not by a listener. A listener of ours would be the only one where the user has none, and take the signal's default
 * ending away; and beside the user's it still does harm: signal-exit (in execa, proper-lockfile and many more) ends the
 * process only if all listeners are its own (seen: with one more listener, SIGTERM no longer ended the process). So
 * `process.emit` is wrapped, by the first listener that the application adds for such a signal, before node binds the
 * signal's handle to it. Without listeners nothing is touched. Node core binds `process.emit` when the first listener
 * of a signal is added: a listener added before the agent was loaded goes unnoticed.
 */
import type { EventEmitter } from 'node:events'

const SIGNALS: ReadonlySet<unknown> = new Set(['SIGTERM', 'SIGINT'])

/** @param notice called once a handled signal, before the application's listeners; must not throw */
export function noticeShutdown(notice: () => void): void {
  const events: EventEmitter = process
  const watchFirst = (event: string | symbol): void => {
    if (!SIGNALS.has(event)) return
    events.removeListener('newListener', watchFirst)
    wrapEmit(notice)
  }
  // Prepended: node's own newListener handler, which binds `process.emit`, was there first.
  events.prependListener('newListener', watchFirst)
}

function wrapEmit(notice: () => void): void {
  // Whatever is there now: another library may have wrapped it before us.
  const original = Reflect.get(process, 'emit') as (...args: unknown[]) => unknown
  function emit(this: unknown, ...args: unknown[]): unknown {
    if (SIGNALS.has(args[0])) notice()
    return Reflect.apply(original, this, args)
  }
  Object.defineProperty(process, 'emit', { value: emit, configurable: true, writable: true, enumerable: false })
}
