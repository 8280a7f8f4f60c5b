/**
 * Libraries whose poll loops become heartbeats by themselves. Runs on the worker's main thread, so it loads node core
 * only, and whatever goes wrong in here costs a clock, never the worker.
 */
import { isMainThread } from 'node:worker_threads'
import type { ClockSource } from '../heartbeat/clock-board.js'
import { installAmqplib } from './amqplib/index.js'
import { installConductor } from './conductor/index.js'
import { installQueues } from './queues/index.js'

export interface IntegrationOptions {
  /** How long a task with an extended lease may stand still, ms; 0: by its own time-outs. */
  readonly taskStallMs: number
}

const INSTALLED = Symbol.for('conductor-stall-agent.integrations')

/** Once a process, on its main thread; any further call does nothing. */
export function installIntegrations(clocks: ClockSource, options: IntegrationOptions = { taskStallMs: 0 }): void {
  // A preload runs in the loader's thread and in the application's worker threads too.
  if (!isMainThread || Reflect.has(globalThis, INSTALLED)) return
  Object.defineProperty(globalThis, INSTALLED, { value: true })
  installConductor(clocks, options)
  installQueues(clocks, options)
  installAmqplib(clocks, options)
}
