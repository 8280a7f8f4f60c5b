/**
 * The loop awaits the application's event listeners (src/sdk/clients/worker/events/EventDispatcher.ts there, from 3.0
 * on): one that never settles holds it for ever. Nothing refers to a promise that nobody can settle, so the listener, the
 * dispatcher and the loop itself would all be collected before anybody looked. What is published is therefore kept
 * reachable until it has settled: the loop stays in the await tree then, at the event that it published.
 */
import { safely } from '../guard/safely.js'
import { isPatchable, replaceMethod } from '../modules/replace-method.js'

interface Dispatcher {
  readonly listeners?: readonly Readonly<Record<string, unknown>>[]
  publishEvent: (this: Dispatcher, event: string, ...rest: unknown[]) => Promise<void>
}

/** An event whose listeners have not all settled; the class is a mark in the heap. */
export class StallAgentEvent {
  readonly event: string
  /** The first of those that it was published to. */
  readonly listener: unknown
  readonly promise: Promise<unknown>

  constructor(event: string, listener: unknown, promise: Promise<unknown>) {
    this.event = event
    this.listener = listener
    this.promise = promise
  }
}

const PENDING = new Set<StallAgentEvent>()
const PATCHED = new WeakSet<object>()
/** Of one process; a listener that is slow for a burst of events must not cost more. */
const MAX_PENDING = 1000

export function keepPublished(prototype: object | null): void {
  if (!prototype || PATCHED.has(prototype) || !isPatchable(prototype, 'publishEvent')) return
  PATCHED.add(prototype)
  const { publishEvent } = prototype as Dispatcher
  replaceMethod(prototype as Dispatcher, 'publishEvent', function (this: Dispatcher, event: string, ...rest) {
    const published = publishEvent.call(this, event, ...rest)
    safely(() => keep(this, event, published))
    return published
  })
}

function keep({ listeners = [] }: Dispatcher, event: string, promise: Promise<unknown>): void {
  if (listeners.length === 0 || PENDING.size >= MAX_PENDING) return
  const called = listeners.find((listener) => typeof listener[event] === 'function')?.[event]
  if (called === undefined) return
  const pending = new StallAgentEvent(event, called, promise)
  PENDING.add(pending)
  const settled = (): void => void PENDING.delete(pending)
  void promise.then(settled, settled)
}
