/** Workers without a poll loop of their own (test/servers), healthy or wedged from outside. */
import http from 'node:http'
import path from 'node:path'
import type { NodeBinary } from './nodes.js'
import { PROJECT_ROOT } from './nodes.js'
import { RunningWorker, type WorkerOptions } from './run-worker.js'

export const SERVER = path.join(PROJECT_ROOT, 'test/servers/server.cjs')

export type PlainKind = 'http' | 'express' | 'fastify' | 'interval'
export type PlainWedge = 'loop' | 'exec' | 'fifo'

/** Its port, once it serves. */
export async function portOf(worker: RunningWorker): Promise<number> {
  await worker.says('ready ')
  return Number(/ready (\d+)/.exec(worker.said)?.[1])
}

/** Started, serving, and wedged by a request (an interval by itself). */
export async function startPlain(
  node: NodeBinary,
  kind: PlainKind,
  wedge: PlainWedge | null,
  options: Partial<WorkerOptions> = {},
): Promise<RunningWorker> {
  const args = wedge === null ? [kind] : [kind, wedge]
  const worker = new RunningWorker({ node, program: SERVER, args, ...options })
  const port = await portOf(worker)
  if (wedge !== null && kind !== 'interval') wedgeBy(port)
  return worker
}

/** The answer never comes. */
export function wedgeBy(port: number): void {
  http.get({ port, host: '127.0.0.1', path: '/wedge', agent: false }).on('error', () => undefined)
}
