/**
 * The pause between two attempts to connect: who waits for it waits for the connection, and a timer that is due soon, set anew
 * after each failure, says nothing of that. Known by the package's function that waits (node-redis: `#connect`), whose object
 * says that it has no connection.
 */
import type { WaitFacts, WaitOf } from '../../model/wait.js'
import { originOf } from '../../source/origin.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { connectionAway } from '../resources/connection-states.js'
import type { Finding } from '../search/wait-search.js'
import type { JudgeContext } from './judge-context.js'

const CONNECTS = /connect|open|start|retry|attempt/i

/** Null where the timer is all that is known. */
export function nextTry(context: JudgeContext, finding: Finding, judged: WaitFacts): WaitOf<'buffer'> | null {
  const { objects, locks } = context
  const waiter = locks.chains.firstAwaiting(finding.promise)
  if (waiter === undefined || !CONNECTS.test(waiter.function.name ?? '')) return null
  if (originOf(scriptPath(waiter.function.script?.name ?? null)) !== 'dependency') return null
  const { heap } = objects
  const client = heap.field(waiter.generator, heap.layout.generator.receiver)
  const away = objects.isObject(client) ? connectionAway(objects, client, '.queue') : null
  if (away === null) return null
  return {
    kind: 'buffer',
    until: 'connected',
    owner: objects.className(client) || 'a client',
    connection: `${away}, between two attempts`,
    ...(judged.parts === undefined ? {} : { parts: judged.parts }),
  }
}
