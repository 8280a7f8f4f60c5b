/**
 * undici's Pool, also the one that an Agent makes for each origin: its clients have a connection each, and a request that
 * finds all of them busy waits in a queue of the pool's. lib/dispatcher/pool-base.js and client.js of undici 6 to 8, by
 * their symbols: `[clients]`, `[queue]` (a FixedQueue), `[queued]`, `[connections]`; of a client `[queue]`, an array of which
 * those from `[running index]` to `[pending index]` were sent. A connection whose answer has begun is lent to who has its body.
 */
import type { PoolMember } from '../../model/await.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { describeRequest, socketDescriptor, type DescribeContext } from './describe-resource.js'
import { entriesOf, valuesOf } from './collections.js'
import { grouped, type LentMember, type PoolReading } from './pools.js'
import { isUnread } from './unread.js'

const MAX_CLIENTS = 1_000
const MAX_REQUESTS = 10_000
/** Handlers wrap handlers: interceptors, and the two shapes that undici 7 and 8 translate between. */
const MAX_WRAPPED = 4

export interface WaitingRequest {
  readonly method?: string
  readonly url?: string
}

/** @param slot the property by which it leads to the one who waits */
export function isUndiciPool(objects: Objects, object: Tagged, slot: string): boolean {
  if (slot !== '.[queue]' || !objects.heap.is(object, 'JS_OBJECT')) return false
  const queue = objects.getObject(object, ['[queue]'])
  return (
    objects.getNumber(object, ['[queued]']) !== null &&
    objects.arrayLength(objects.getObject(object, ['[clients]'])) !== null &&
    objects.getObject(queue, ['head']) !== 0 &&
    objects.getObject(queue, ['tail']) !== 0
  )
}

export function readUndiciPool(context: DescribeContext, pool: Tagged): PoolReading {
  const { objects } = context
  const clients = entriesOf(objects, objects.getObject(pool, ['[clients]']), MAX_CLIENTS)
  const busy = clients.flatMap((client) => {
    const request = runningOf(objects, client)
    return request === 0 ? [] : [memberOf(context, client, request)]
  })
  return {
    pool,
    owner: `${objects.className(pool) || 'Pool'}.[queue]`,
    position: null,
    queued: objects.getNumber(pool, ['[queued]']),
    lent: busy.length,
    idle: clients.length - busy.length,
    size: objects.getNumber(pool, ['[connections]']),
    members: grouped(busy.map(({ facts }) => facts)),
    lentMembers: busy,
    ownedBy: clients,
    reread: () => readUndiciPool(context, pool).lentMembers,
  }
}

/** What the one who waits wants to ask: an entry of the pool's queue is `{ opts, handler }`, and no request yet. */
export function waitingRequest(objects: Objects, entry: Tagged): WaitingRequest {
  const options = objects.getObject(entry, ['opts'])
  if (options === 0) return {}
  const [method, path, origin] = ['method', 'path', 'origin'].map((name) => objects.getText(options, [name]))
  return {
    ...(method == null ? {} : { method }),
    ...(path == null ? {} : { url: `${origin ?? ''}${path.replace(/[?#].*$/s, '')}` }),
  }
}

/** The request that a client's connection is busy with, the first one that was sent; 0 without one. */
function runningOf(objects: Objects, client: Tagged): Tagged {
  const from = objects.getNumber(client, ['[running index]'])
  const to = objects.getNumber(client, ['[pending index]'])
  if (from === null || to === null || to <= from) return 0
  const request = valuesOf(objects, objects.getObject(client, ['[queue]']), MAX_REQUESTS)[from] ?? 0
  return objects.isObject(request) ? request : 0
}

function memberOf(context: DescribeContext, client: Tagged, request: Tagged): LentMember {
  const { objects } = context
  const body = bodyOf(objects, objects.getObject(request, ['[handler]']), MAX_WRAPPED)
  const socket = objects.getObject(client, ['[socket]'])
  const fd = socket === 0 ? null : socketDescriptor(context, socket)
  const { method, url } = describeRequest(context, request) ?? {}
  const facts: PoolMember = {
    doing: body !== 0 && (isUnread(objects, body) || isPaused(objects, socket)) ? 'unread' : 'busy',
    request: {
      ...(method === undefined ? {} : { method }),
      ...(url === undefined ? {} : { url }),
      ...(body === 0 ? {} : { answered: true }),
    },
    count: 1,
    ...(fd === null ? {} : { fd }),
  }
  return { object: body === 0 ? request : body, facts }
}

/** The stream that the answer goes into: `res` of `request()`'s handler, `body` of `fetch`'s once it is a stream. */
function bodyOf(objects: Objects, handler: Tagged, depth: number): Tagged {
  if (handler === 0) return 0
  for (const name of ['res', 'body']) {
    const stream = objects.getObject(handler, [name])
    if (stream !== 0 && objects.getObject(stream, ['_readableState']) !== 0) return stream
    // A body that is sent is no answer.
    if (name === 'res' && stream === 0 && objects.getAny(handler, ['res']) !== undefined) return 0
  }
  const inner = depth === 0 ? 0 : objects.getObject(handler, ['handler', '#handler', '[handler]'])
  return bodyOf(objects, inner, depth - 1)
}

/** The parser takes nothing off the socket until the body's reader asks for more. */
function isPaused(objects: Objects, socket: Tagged): boolean {
  const parser = socket === 0 ? 0 : objects.getObject(socket, ['[parser]'])
  return parser !== 0 && objects.getBoolean(parser, ['paused']) === true
}
