/**
 * Requests that wait for one of an http.Agent's sockets: `requests`, `sockets` and `freeSockets` are tables by host
 * (lib/_http_agent.js of node; agents of packages derive from it). A request in such a queue has no socket: it was not sent.
 */
import type { PoolMember } from '../../model/await.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { countOf, entriesOf } from './collections.js'
import { grouped, type PoolReading } from './pools.js'

const MAX_SOCKETS = 1_000

export function isAgent(objects: Objects, object: Tagged): boolean {
  if (!objects.heap.is(object, 'JS_OBJECT')) return false
  return ['requests', 'sockets', 'freeSockets'].every((name) => objects.getObject(object, [name]) !== 0)
}

/** The agent in whose queue a request waits; null when it has a socket or is in none. */
export function agentOf(objects: Objects, request: Tagged): { readonly agent: Tagged; readonly key: string } | null {
  const agent = objects.getObject(request, ['agent'])
  if (agent === 0 || !isAgent(objects, agent)) return null
  for (const { name, value } of objects.properties(objects.getObject(agent, ['requests']))) {
    if (entriesOf(objects, value, MAX_SOCKETS).includes(request)) return { agent, key: name }
  }
  return null
}

/** @param memberOf what a socket is busy with */
export function readAgent(
  objects: Objects,
  agent: Tagged,
  key: string,
  request: Tagged,
  memberOf: (socket: Tagged) => PoolMember,
): PoolReading {
  const listOf = (table: string): Tagged => {
    const tables = objects.getObject(agent, [table])
    return tables === 0 ? 0 : objects.getObject(tables, [key])
  }
  const sockets = listOf('sockets')
  const free = listOf('freeSockets')
  const waiting = listOf('requests')
  const lent = entriesOf(objects, sockets, MAX_SOCKETS).map((object) => ({ object, facts: memberOf(object) }))
  const position = entriesOf(objects, waiting, MAX_SOCKETS).indexOf(request)
  const limit = objects.getNumber(agent, ['maxSockets'])
  return {
    pool: agent,
    owner: `${objects.className(agent) || 'Agent'}.requests`,
    position: position < 0 ? null : position,
    queued: countOf(objects, waiting),
    lent: lent.length,
    idle: free === 0 ? 0 : countOf(objects, free),
    size: limit !== null && Number.isFinite(limit) ? limit : null,
    members: grouped(lent.map(({ facts }) => facts)),
    lentMembers: lent,
    reread: () => readAgent(objects, agent, key, request, memberOf).lentMembers,
  }
}
