/**
 * sqs-consumer (src/consumer.ts there): `receiveMessage` asks the queue, which keeps an empty answer for up to
 * `waitTimeSeconds`; `handleSqsResponse` works on all that it brought before the next one is asked for. `status` says
 * running in every wedge, so it is not asked.
 */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { isPatchable, prototypeOf, replaceMethod } from '../modules/replace-method.js'
import { QueueLoop, QueueLoops } from './queue-loop.js'

interface SqsResponse {
  readonly Messages?: readonly { readonly MessageId?: string }[]
}

interface SqsConsumer {
  readonly queueUrl?: string
  readonly waitTimeSeconds?: number
  readonly pollingWaitTimeMs?: number
  readonly authenticationErrorTimeout?: number
  readonly handleMessage?: object
  readonly handleMessageBatch?: object
  receiveMessage: (this: SqsConsumer, ...args: unknown[]) => Promise<unknown>
  handleSqsResponse: (this: SqsConsumer, response: SqsResponse | undefined) => Promise<void>
  stop: (this: SqsConsumer, ...args: unknown[]) => void
}

/** What `waitTimeSeconds` and `authenticationErrorTimeout` are when nothing is said. */
const WAIT_SECONDS = 20
const AUTHENTICATION_MS = 10_000
/** For the way there and back. */
const SLACK_MS = 1000
const MAX_IDS = 3
const PATCHED = new WeakSet<object>()

export function patchSqsConsumer(clocks: ClockSource, exports: unknown, taskStallMs: number): void {
  const prototype = prototypeOf(exports, 'Consumer') as SqsConsumer | null
  if (!prototype || PATCHED.has(prototype)) return
  if (!['receiveMessage', 'handleSqsResponse', 'stop'].every((name) => isPatchable(prototype, name))) return
  PATCHED.add(prototype)
  const loops = new QueueLoops<SqsConsumer>(
    (consumer) => new QueueLoop(clocks, `sqs:${nameOf(consumer.queueUrl)}`, taskStallMs),
  )
  const { receiveMessage, handleSqsResponse, stop } = prototype
  replaceMethod(prototype, 'receiveMessage', function (this: SqsConsumer, ...args: unknown[]) {
    const { waitTimeSeconds = WAIT_SECONDS, pollingWaitTimeMs = 0, authenticationErrorTimeout } = this
    // The pause before the next one, which is longer after credentials were refused, is part of what is declared.
    const pauseMs = Math.max(pollingWaitTimeMs, authenticationErrorTimeout ?? AUTHENTICATION_MS)
    return loops.of(this).ask(1, waitTimeSeconds * 1000 + pauseMs + SLACK_MS, () => receiveMessage.apply(this, args))
  })
  replaceMethod(prototype, 'handleSqsResponse', function (this: SqsConsumer, response: SqsResponse | undefined) {
    const run = (): Promise<void> => handleSqsResponse.call(this, response)
    const messages = response?.Messages ?? []
    if (messages.length === 0) return run()
    const id = messages.slice(0, MAX_IDS).map((message) => message.MessageId ?? '')
    const execute = this.handleMessageBatch ?? this.handleMessage
    return loops.of(this).work(1, { id: id.join(' '), execute }, run, handleSqsResponse)
  })
  replaceMethod(prototype, 'stop', function (this: SqsConsumer, ...args: unknown[]) {
    loops.of(this).close()
    return stop.apply(this, args)
  })
}

/** `orders` of `https://sqs.eu-central-1.amazonaws.com/123456789012/orders`. */
function nameOf(queueUrl = 'queue'): string {
  return queueUrl.slice(queueUrl.lastIndexOf('/') + 1)
}
