/**
 * Requests that wait for one of the streams that an HTTP/2 peer allows at a time: nghttp2 gives such a request its id and
 * keeps it until another stream is closed (lib/nghttp2_session.c, `ob_syn`), so to whoever asked it looks like one that was
 * sent. The session has its streams by id (`[state].streams`, lib/internal/http2/core.js), and what the peer allows once
 * somebody asked for it or listens for `remoteSettings`, as @grpc/grpc-js does: without that nothing is said.
 */
import type { PoolMember } from '../../model/await.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { entriesOf } from './collections.js'
import { describeRequest, type DescribeContext } from './describe-resource.js'
import { grouped, type PoolReading } from './pools.js'
import { liesFull } from './stream-states.js'

const MAX_STREAMS = 2_000
/** lib/internal/http2/core.js, STREAM_FLAGS_CLOSED: its end was seen, it takes no place any more. */
const CLOSED = 2

/** The pool that a session is, where this stream is not among those that were sent; null where it is, or that can't be told. */
export function readSession(context: DescribeContext, stream: Tagged): PoolReading | null {
  const { objects } = context
  const session = objects.getObject(stream, ['[session]', '[kSession]'])
  if (session === 0 || objects.className(session) !== 'ClientHttp2Session') return null
  const settings = objects.getObject(session, ['[remote-settings]', '[kRemoteSettings]'])
  const limit = settings === 0 ? null : objects.getNumber(settings, ['maxConcurrentStreams'])
  if (limit === null || limit <= 0) return null
  const open = openStreams(objects, session)
  const position = open.indexOf(stream) - limit
  if (position < 0) return null
  const lent = open.slice(0, limit).map((object) => ({ object, facts: memberOf(context, object) }))
  return {
    pool: session,
    owner: 'ClientHttp2Session.streams',
    position,
    queued: open.length - limit,
    lent: limit,
    idle: 0,
    size: limit,
    lends: 'streams',
    members: grouped(lent.map(({ facts }) => facts)),
    lentMembers: lent,
    reread: () => readSession(context, stream)?.lentMembers ?? [],
  }
}

/** In the order in which they were asked for: who asks first is sent first. */
function openStreams(objects: Objects, session: Tagged): Tagged[] {
  const state = objects.getObject(session, ['[state]', '[kState]'])
  const streams = state === 0 ? 0 : objects.getObject(state, ['streams'])
  if (streams === 0) return []
  const byId = entriesOf(objects, streams, MAX_STREAMS).flatMap((object) => {
    const id = objects.getNumber(object, ['[id]', '[kID]'])
    const own = objects.getObject(object, ['[state]', '[kState]'])
    const flags = own === 0 ? null : objects.getNumber(own, ['flags'])
    // What the peer pushed has an even id, and counts for its own limit.
    return id === null || id % 2 === 0 || ((flags ?? 0) & CLOSED) !== 0 ? [] : [{ id, object }]
  })
  return byId.toSorted((a, b) => a.id - b.id).map(({ object }) => object)
}

/** One whose answer has begun is open for as long as either side likes: whether it is at work can't be told. */
function memberOf(context: DescribeContext, stream: Tagged): PoolMember {
  const { method, url, sent, answered } = describeRequest(context, stream) ?? {}
  const unread = liesFull(context.objects, stream)
  return {
    doing: unread ? 'unread' : answered === true ? 'unknown' : 'busy',
    request: {
      ...(method === undefined ? {} : { method }),
      ...(url === undefined ? {} : { url }),
      ...(sent === undefined ? {} : { sent }),
      ...(answered === undefined ? {} : { answered }),
    },
    count: 1,
  }
}
