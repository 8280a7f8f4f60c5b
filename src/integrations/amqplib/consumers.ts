/**
 * The consumers of amqplib in this process, each a loop of its own, from `consume` until the application ends it.
 *
 * One is lost when the broker cancels it (its queue was deleted), closes its channel (for an acknowledgement that it did not
 * expect, or that took too long), or when the connection breaks. amqplib only emits an event then. Whether anybody consumes
 * again is the application's affair, and that is what is watched here. A consumer without acknowledgements (`noAck`) has no
 * clock: replies come to such ones, and whoever waits for none may do without.
 */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { safely } from '../guard/safely.js'
import { DeliveryLoop } from '../queues/delivery-loop.js'
import type { JobInFlight } from '../queues/jobs.js'
import { ChannelFacts, type Consumer, type Fields } from './channel-facts.js'

export type { Fields } from './channel-facts.js'

export interface Connection {
  readonly blocked?: boolean
  on(event: 'blocked' | 'unblocked', heard: (reason?: string) => void): void
}

export interface Channel {
  readonly connection: Connection
}

interface Message {
  readonly fields?: Fields
  readonly properties?: { readonly messageId?: unknown }
}

export type OnMessage = (message: Message | null) => unknown

interface Link {
  readonly channels: Set<ChannelFacts>
  closedByApplication: boolean
  /** What the broker said; null: it takes what it is sent. */
  blocked: string | null
  error: Error | null
}

/** lib/defs.js there: class and method in one number. */
const QOS = 3_932_170
const CONSUME = 3_932_180
const RECOVER = 3_932_270

/** To consume again on a connection that lives, and to make a new one first. */
const AGAIN_MS = 15_000
const RECONNECT_MS = 90_000

export class AmqpConsumers {
  readonly #clocks: ClockSource
  readonly #taskStallMs: number
  readonly #channels = new WeakMap<Channel, ChannelFacts>()
  readonly #links = new WeakMap<Connection, Link>()
  /** Until somebody consumes again. */
  readonly #lost: Consumer[] = []
  /** Connections that were tried so far. */
  #attempts = 0

  constructor(clocks: ClockSource, taskStallMs: number) {
    this.#clocks = clocks
    this.#taskStallMs = taskStallMs
  }

  /** @returns what takes the reply instead */
  asks(channel: Channel, method: number, fields: Fields, reply: (...args: unknown[]) => void): typeof reply {
    if (method !== QOS && method !== RECOVER && method !== CONSUME) return reply
    const facts = this.#factsOf(channel)
    // Of the whole channel: how many each of its consumers may have then, nobody knows.
    if (method === QOS) facts.prefetch = fields.global === true ? 0 : (fields.prefetchCount ?? 0)
    if (method === RECOVER) facts.drop()
    if (method !== CONSUME) return reply
    return (...args) => {
      facts.consuming = fields
      try {
        reply(...args)
      } finally {
        facts.consuming = null
      }
    }
  }

  /** @returns what takes the messages instead */
  consumes(channel: Channel, tag: string, onMessage: OnMessage): OnMessage {
    const facts = this.#factsOf(channel)
    const { queue = 'queue', noAck = false } = facts.consuming ?? {}
    if (noAck || typeof onMessage !== 'function') return onMessage
    const name = `amqplib:${queue}`
    const consumer = this.#takeLost(queue) ?? {
      queue,
      loop: new DeliveryLoop(this.#clocks, name, this.#taskStallMs),
    }
    facts.consumers.set(tag, consumer)
    consumer.loop.consumes(facts.prefetch)
    const { blocked } = this.#linkOf(channel.connection)
    if (blocked !== null) consumer.loop.block(blocked)
    // Only an async function's promise proves by itself that nothing is left that could settle it.
    const provesItself = onMessage.constructor.name === 'AsyncFunction'
    return (message) => {
      const job = safely(() => this.#delivered(facts, tag, message, onMessage))
      const worked = onMessage(message)
      if (job && provesItself) job.task.promise = worked as Promise<unknown>
      return worked
    }
  }

  /** By the application; the broker's word is a message that is null. */
  cancelled(channel: Channel, tag: string): void {
    const facts = this.#channels.get(channel)
    facts?.consumers.get(tag)?.loop.close()
    facts?.consumers.delete(tag)
  }

  acknowledges(channel: Channel, fields: Fields): void {
    this.#channels.get(channel)?.settle(fields)
  }

  /** By the application. */
  closes(channel: Channel): void {
    this.#channels.get(channel)?.close()
  }

  /** Whoever closed it. @param stack with the reason in its first line */
  closed(channel: Channel, stack: string | undefined): void {
    const facts = this.#channels.get(channel)
    if (facts === undefined) return
    const link = this.#linkOf(channel.connection)
    link.channels.delete(facts)
    const consumers = link.closedByApplication ? [] : [...facts.consumers.values()]
    for (const consumer of consumers) {
      this.#lose(consumer, link.error ?? said(reasonOf(stack)), link.error === null ? AGAIN_MS : RECONNECT_MS)
    }
    if (consumers.length > 0) facts.consumers.clear()
    facts.close()
  }

  connects(): void {
    this.#attempts++
  }

  /** By the application. */
  disconnects(connection: Connection): void {
    const link = this.#linkOf(connection)
    link.closedByApplication = true
    for (const facts of link.channels) facts.close()
  }

  /** Whoever did it; its channels are closed after this. */
  disconnected(connection: Connection, stack: string, error: unknown): void {
    this.#linkOf(connection).error = error instanceof Error ? error : said(reasonOf(stack))
  }

  #delivered(facts: ChannelFacts, tag: string, message: Message | null, execute: OnMessage): JobInFlight | undefined {
    const consumer = facts.consumers.get(tag)
    if (consumer === undefined) return undefined
    if (message === null) {
      facts.consumers.delete(tag)
      this.#lose(consumer, said(`the broker cancelled the consumer of ${consumer.queue}`), AGAIN_MS)
      return undefined
    }
    const { deliveryTag } = message.fields ?? {}
    if (deliveryTag === undefined || facts.isFull) return undefined
    const messageId = message.properties?.messageId
    const id = typeof messageId === 'string' && messageId !== '' ? messageId : `${consumer.queue}#${deliveryTag}`
    const job = consumer.loop.begin({ id, execute })
    facts.delivered(deliveryTag, job)
    return job
  }

  #lose(consumer: Consumer, error: Error, againMs: number): void {
    let seen = this.#attempts
    this.#lost.push(consumer)
    consumer.loop.lost(error, againMs, () => {
      const goesOn = this.#attempts !== seen
      seen = this.#attempts
      return goesOn
    })
  }

  /**
   * Who consumes takes the place of one that was lost: of the same queue; else of any, since queues may have other names with
   * each connection. Rather one too few is watched than one that is well called lost.
   */
  #takeLost(queue: string): Consumer | undefined {
    if (this.#lost.length === 0) return undefined
    const same = this.#lost.findIndex((each) => each.queue === queue)
    const [found] = this.#lost.splice(Math.max(same, 0), 1)
    if (found?.queue === queue && !found.loop.over) return found
    found?.loop.close()
    return undefined
  }

  #factsOf(channel: Channel): ChannelFacts {
    let facts = this.#channels.get(channel)
    if (facts === undefined) {
      facts = new ChannelFacts()
      this.#channels.set(channel, facts)
      this.#linkOf(channel.connection).channels.add(facts)
    }
    return facts
  }

  #linkOf(connection: Connection): Link {
    let link = this.#links.get(connection)
    if (link === undefined) {
      link = { channels: new Set(), closedByApplication: false, blocked: null, error: null }
      this.#links.set(connection, link)
      listen(connection, link)
    }
    return link
  }
}

function listen(connection: Connection, link: Link): void {
  const each = (tell: (loop: DeliveryLoop) => void): void => {
    for (const { consumers } of link.channels) for (const { loop } of consumers.values()) tell(loop)
  }
  const block = (reason = 'no reason given'): void => {
    const text = `the broker has blocked this connection: ${reason}`
    link.blocked = text
    each((loop) => loop.block(text))
  }
  const unblock = (): void => {
    link.blocked = null
    each((loop) => loop.unblock())
  }
  connection.on('blocked', (reason) => safely(() => block(reason)))
  connection.on('unblocked', () => safely(unblock))
  if (connection.blocked === true) block()
}

/** Without a stack: it would be ours. */
function said(message: string): Error {
  const error = new Error(message)
  error.stack = ''
  return error
}

/** `Channel closed by server: 406 (PRECONDITION-FAILED) with message "..."`: the first line of what amqplib captured. */
function reasonOf(stack = 'it was closed'): string {
  return (stack.split('\n', 1)[0] ?? '').replace(/^Stack capture: /, '')
}
