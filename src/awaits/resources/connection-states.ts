/**
 * Clients that keep commands until they are connected: whether the owner of such a queue says, by its own fields, that
 * there is no connection. ioredis (`status`, `offlineQueue`), mongoose (`buffer`), gRPC (`connectivityState`), node-redis
 * (`isReady`), and what calls itself offline.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'

const AWAY = /^(?:connecting|reconnecting|wait|close|closed|closing|end|ended|disconnected|disconnecting|idle|offline)$/
/** grpc-js, src/connectivity-state.ts, by number. */
const GRPC_STATES = ['idle', 'connecting', null, 'failing', 'shut down'] as const
/** mongoose's connection states by number; 1 is connected. */
const MONGOOSE_STATES = ['disconnected', null, 'connecting', 'disconnecting'] as const
const FLAGS = ['isReady', '#isReady', '_isReady', 'connected', '_connected', '#connected', 'isConnected', 'isOpen']
const OWNERS = ['conn', 'connection', '_connection', 'client', '_client']
/** What a client keeps its connection in, beside a queue that is an object of its own. */
const LINKS = [...OWNERS, '#connection', 'socket', '_socket', '#socket', 'transport', '_transport', '#transport']
/** amqp-connection-manager: a channel's messages wait for the connection that another object opens again and again. */
const MANAGERS = ['_connectionManager', 'connectionManager']
const CURRENT = ['_currentConnection', 'currentConnection']
const KEPT = /queue|buffer|pending|wait|outgoing|to_?(?:write|send)|unsent|acks?\b|callbacks|replies/i

/** mongodb, lib/sdam/topology.js: `s.state`, and `s.description.type` of what is known of the servers. */
function topologyAway(objects: Objects, owner: Tagged): string | null {
  const inner = objects.getObject(owner, ['s'])
  const description = inner === 0 ? 0 : objects.getObject(inner, ['description'])
  const type = description === 0 ? null : objects.getText(description, ['type'], 40)
  if (type === null) return null
  const state = objects.getText(inner, ['state'], 40)
  if (state !== null && AWAY.test(state)) return `${state}, no server was found`
  return /Unknown|NoPrimary/.test(type) ? `${type}: no server was found` : null
}

/** `reconnecting`; null when the object does not say that its connection is away. */
export function connectionAway(objects: Objects, owner: Tagged, slot: string): string | null {
  if (!objects.heap.is(owner, 'JS_OBJECT')) return null
  const grpc = objects.getNumber(owner, ['connectivityState'])
  if (grpc !== null) return GRPC_STATES[grpc] ?? null
  const mongoose = objects.getNumber(owner, ['_readyState'])
  if (mongoose !== null) return MONGOOSE_STATES[mongoose] ?? null
  const topology = topologyAway(objects, owner)
  if (topology !== null) return topology
  const manager = objects.getObject(owner, MANAGERS)
  const current = manager === 0 ? null : objects.oddball(objects.getAny(manager, CURRENT) ?? 0)
  if (current === 'undefined' || current === 'null') return 'not connected'
  const status = objects.getText(owner, ['status', 'state', '_state', '#state'], 40)
  if (status !== null && AWAY.test(status)) return status
  if (objects.getBoolean(owner, ['buffer']) === true) {
    const connection = objects.getObject(owner, OWNERS)
    return (connection === 0 ? null : connectionAway(objects, connection, '')) ?? 'not connected'
  }
  if (objects.getBoolean(owner, FLAGS) === false && KEPT.test(slot)) return 'not connected'
  return /offline/i.test(slot) ? 'not connected' : null
}

/**
 * The same of the client that has the queue's owner, by what it keeps its connection in: node-redis has its commands in
 * one object and its socket in another.
 */
export function linkAway(objects: Objects, client: Tagged, slot: string): string | null {
  if (!objects.heap.is(client, 'JS_OBJECT')) return null
  const link = objects.getObject(client, LINKS)
  return link === 0 ? null : connectionAway(objects, link, slot)
}

/**
 * ioredis, lib/Redis.ts: `reconnectTimeout` is the timer of the next attempt, and null once that begins, when `status` is
 * `connecting`. Both `reconnecting` and null: the timer was cleared by a `disconnect`, and with no socket to close no event
 * will ever lead on (bullmq 6.0.10 to 6.1.2).
 */
export function isParked(objects: Objects, owner: Tagged): boolean {
  if (objects.getText(owner, ['status'], 40) !== 'reconnecting') return false
  return objects.oddball(objects.get(owner, 'reconnectTimeout') ?? 0) === 'null'
}
