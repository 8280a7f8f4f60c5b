/** What is known of one channel of amqplib: its consumers, and the messages that they have not acknowledged. */
import type { DeliveryLoop } from '../queues/delivery-loop.js'
import type { JobInFlight } from '../queues/jobs.js'

/** Of the methods of AMQP 0-9-1: those that tell something. */
export interface Fields {
  readonly deliveryTag?: number
  readonly multiple?: boolean
  readonly queue?: string
  readonly noAck?: boolean
  readonly prefetchCount?: number
  readonly global?: boolean
}

export interface Consumer {
  readonly queue: string
  readonly loop: DeliveryLoop
}

/** Without `prefetch` the broker sends as many as there are; more than this tells no more. */
const MAX_UNACKNOWLEDGED = 4096

export class ChannelFacts {
  readonly consumers = new Map<string, Consumer>()
  /** Messages that each of its next consumers may hold; 0: any number. */
  prefetch = 0
  /** The `basic.consume` whose answer is being taken. */
  consuming: Fields | null = null
  /** By delivery tag, which grows. */
  readonly #unacknowledged = new Map<number, JobInFlight>()

  get isFull(): boolean {
    return this.#unacknowledged.size >= MAX_UNACKNOWLEDGED
  }

  delivered(deliveryTag: number, job: JobInFlight): void {
    this.#unacknowledged.set(deliveryTag, job)
  }

  /** Acknowledged, rejected, or given back. `multiple`: with all before it; and 0 means all. */
  settle({ deliveryTag = 0, multiple = false }: Fields): void {
    if (!multiple) {
      this.#end(deliveryTag, true)
      return
    }
    for (const tag of this.#unacknowledged.keys()) {
      if (deliveryTag !== 0 && tag > deliveryTag) break
      this.#end(tag, true)
    }
  }

  /** The broker gives them to somebody else. */
  drop(): void {
    for (const tag of this.#unacknowledged.keys()) this.#end(tag, false)
  }

  close(): void {
    this.drop()
    for (const { loop } of this.consumers.values()) loop.close()
    this.consumers.clear()
  }

  #end(tag: number, done: boolean): void {
    this.#unacknowledged.get(tag)?.end(done)
    this.#unacknowledged.delete(tag)
  }
}
