/**
 * kafkajs 2 (src/consumer/runner.js there): one loop for each broker asks it for batches, which the broker keeps for up to
 * `maxWaitTimeInMs` when it has none, and asks again when all that it brought were worked on. The class is a module of the
 * package's own that nothing exports, so it is known by its shape.
 *
 * A consumer that crashes is started again by kafkajs when its error is one that may go away. With any other error the
 * process lives on and consumes nothing: that is the end of its loop.
 */
import type { ClockSource } from '../../heartbeat/clock-board.js'
import { safely } from '../guard/safely.js'
import { isPatchable, replaceMethod } from '../modules/replace-method.js'
import { QueueLoop } from './queue-loop.js'

interface Batch {
  readonly topic?: string
  readonly partition?: number
  readonly messages?: readonly { readonly offset?: string }[]
}

interface ConsumerGroup {
  readonly groupId?: string
  readonly maxWaitTime?: number
  readonly sessionTimeout?: number
  readonly rebalanceTimeout?: number
  readonly getNodeIds?: () => readonly unknown[]
}

interface Runner {
  readonly consumerGroup?: ConsumerGroup
  readonly eachMessage?: object
  readonly eachBatch?: object
  onCrash?: (error: unknown) => unknown
  start: (this: Runner) => Promise<unknown>
  stop: (this: Runner) => Promise<unknown>
  fetch: (this: Runner, nodeId: unknown) => Promise<readonly Batch[]>
}

const MAX_WAIT_MS = 5000
const REBALANCE_MS = 60_000
const SESSION_MS = 30_000
/** For the way there and back, and a heartbeat to the group. */
const SLACK_MS = 2000
/** The longest pause of its own before it tries again. */
const RETRY_MS = 30_000
/** To connect, and to join the group. */
const RESTART_MS = RETRY_MS + REBALANCE_MS
const REJOINS = /REBALANCE|UNKNOWN_MEMBER|COORDINATOR|GENERATION/
const MAX_IDS = 3
const PATCHED = new WeakSet<object>()

/** The loops of one consumer, by the broker that each asks. */
class Loops {
  readonly #byNode = new Map<unknown, { readonly loop: QueueLoop; worked: () => void }>()
  readonly #make: () => QueueLoop

  constructor(make: () => QueueLoop) {
    this.#make = make
  }

  fetch(runner: Runner, nodeId: unknown, run: () => Promise<readonly Batch[]>): Promise<readonly Batch[]> {
    const { loop } = safely(() => this.#next(runner, nodeId)) ?? { loop: null }
    if (loop === null) return run()
    const { maxWaitTime = MAX_WAIT_MS } = runner.consumerGroup ?? {}
    const fetched = loop.ask(1, maxWaitTime + SLACK_MS, run)
    void fetched.then(
      (batches) => safely(() => this.#work(runner, nodeId, batches)),
      (error: unknown) => safely(() => this.#failed(runner, error)),
    )
    return fetched
  }

  /** Nothing is expected of them any more. @returns the first, left open for what becomes of the consumer */
  close({ keepFirst = false } = {}): QueueLoop | undefined {
    let first: QueueLoop | undefined
    for (const { loop, worked } of this.#byNode.values()) {
      worked()
      if (keepFirst && first === undefined) first = loop
      else loop.close()
    }
    this.#byNode.clear()
    return first
  }

  #next({ consumerGroup }: Runner, nodeId: unknown): { readonly loop: QueueLoop } {
    const nodes = consumerGroup?.getNodeIds?.()
    for (const [id, { loop, worked }] of this.#byNode) {
      // The brokers changed: nobody asks this one any more.
      if (id === nodeId || nodes === undefined || nodes.includes(id)) continue
      worked()
      loop.close()
      this.#byNode.delete(id)
    }
    let known = this.#byNode.get(nodeId)
    if (known === undefined) {
      known = { loop: this.#make(), worked: () => undefined }
      this.#byNode.set(nodeId, known)
    }
    known.worked()
    return known
  }

  /** The batches of one answer are one job: it is over when the next one is asked for. */
  #work(runner: Runner, nodeId: unknown, batches: readonly Batch[]): void {
    const known = this.#byNode.get(nodeId)
    if (known === undefined || batches.length === 0) return
    const id = batches.slice(0, MAX_IDS).map(nameOf).join(' ')
    const work = { id, execute: runner.eachMessage ?? runner.eachBatch }
    void known.loop.work(1, work, () => new Promise<void>((resolve) => (known.worked = resolve)))
  }

  #failed({ consumerGroup }: Runner, error: unknown): void {
    const { rebalanceTimeout = REBALANCE_MS, sessionTimeout = SESSION_MS } = consumerGroup ?? {}
    const joins = REJOINS.test(String((error as { type?: unknown } | null)?.type))
    // One that fails stops them all.
    for (const { loop } of this.#byNode.values()) loop.expectWait(joins ? rebalanceTimeout + sessionTimeout : RETRY_MS)
  }
}

export function patchKafkajs(clocks: ClockSource, exports: unknown, taskStallMs: number): void {
  const prototype = typeof exports === 'function' ? (exports.prototype as Runner | undefined) : undefined
  if (!prototype || PATCHED.has(prototype)) return
  if (!['start', 'stop', 'fetch', 'handleBatch', 'scheduleFetchManager'].every((name) => isPatchable(prototype, name)))
    return
  PATCHED.add(prototype)
  const runners = new WeakMap<Runner, Loops>()
  /** Of consumers that crashed, by group: the next one of that group is the same to whoever looks. */
  const left = new Map<string, QueueLoop>()
  const makeLoop = (group: string): QueueLoop => new QueueLoop(clocks, `kafkajs:${group}`, taskStallMs)
  const { start, stop, fetch } = prototype
  replaceMethod(prototype, 'start', function (this: Runner) {
    safely(() => {
      const { onCrash } = this
      if (onCrash === undefined || runners.has(this)) return
      const group = groupOf(this)
      const loops = new Loops(() => makeLoop(group))
      runners.set(this, loops)
      this.onCrash = (error: unknown) => {
        safely(() => {
          const loop = loops.close({ keepFirst: true }) ?? left.get(group) ?? makeLoop(group)
          left.set(group, loop)
          if (startsAgain(error)) loop.failed(error, RESTART_MS)
          else loop.ended(error)
        })
        return onCrash(error)
      }
    })
    return start.call(this)
  })
  replaceMethod(prototype, 'fetch', function (this: Runner, nodeId: unknown) {
    safely(() => {
      left.get(groupOf(this))?.close()
      left.delete(groupOf(this))
    })
    return runners.get(this)?.fetch(this, nodeId, () => fetch.call(this, nodeId)) ?? fetch.call(this, nodeId)
  })
  replaceMethod(prototype, 'stop', function (this: Runner) {
    safely(() => runners.get(this)?.close())
    return stop.call(this)
  })
}

function groupOf({ consumerGroup }: Runner): string {
  return consumerGroup?.groupId ?? 'consumer'
}

/** As consumer/index.js decides it, unless `restartOnFailure` of the application says no. */
function startsAgain(error: unknown): boolean {
  if ((error as { name?: unknown } | null)?.name === 'KafkaJSNumberOfRetriesExceeded') return true
  let cause = error
  while (typeof cause === 'object' && cause !== null && 'cause' in cause && cause.cause) cause = cause.cause
  return (cause as { retriable?: unknown } | null)?.retriable === true
}

function nameOf({ topic, partition, messages }: Batch): string {
  return `${topic ?? '?'}/${partition ?? '?'}@${messages?.[0]?.offset ?? '?'}`
}
