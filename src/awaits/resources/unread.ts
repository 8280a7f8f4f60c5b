/**
 * Which stream takes no data, between a connection and those who wait for what it brings. A readable that was paused by
 * the writables it feeds keeps them in `_readableState.awaitDrainWriters` (lib/internal/streams/readable.js); the one among
 * them that has data of its own and no reader is what holds everything back.
 */
import type { UnreadStream } from '../../model/await.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { entriesOf } from './collections.js'
import { awaitedWriters, hasListener, isFlowing, isOver, unreadFacts, liesFull, unreadPart } from './stream-states.js'

const MAX_DEPTH = 6
const SOCKETS: ReadonlySet<string> = new Set(['Socket', 'TLSSocket'])

/** @param objects of the path, and the socket at its end */
export function unreadOn(
  objects: Objects,
  parts: readonly { readonly object: Tagged }[],
  socket: Tagged,
): UnreadStream | null {
  const path = [...parts.map((part) => part.object), socket]
  // The connection itself comes last: it is full because of what it feeds.
  const sockets = path.filter((object) => SOCKETS.has(objects.className(object)))
  const answers = sockets.flatMap((object) => {
    const message = objects.getObject(object, ['_httpMessage'])
    const answer = message === 0 ? 0 : objects.getObject(message, ['res'])
    return answer === 0 ? [] : [answer]
  })
  const streams = [...answers, ...path.filter((object) => !sockets.includes(object)), ...sockets]
  for (const stream of streams) {
    const held = heldBack(objects, stream, 0)
    if (held !== 0) return unreadFacts(objects, held)
  }
  return null
}

/**
 * A parser that takes no more because a stream that it made lies unread: the file of a multipart body, an entry of an
 * archive. It keeps that stream in a property of its own.
 */
export function unreadPartOf(objects: Objects, parser: Tagged): UnreadStream | null {
  if (!objects.isObject(parser) || objects.getObject(parser, ['_writableState']) === 0) return null
  const part = unreadPart(objects, parser)
  return part === 0 ? null : unreadFacts(objects, part)
}

/**
 * A stream whose end somebody waits for and that nobody reads: it was paused, or never began to flow, and then it emits
 * nothing, not even that it is over. Who listens for `readable` (an async iterator does) takes it in its own time.
 */
export function unreadItself(objects: Objects, stream: Tagged, event: string | null): UnreadStream | null {
  if (event === null || !OF_END.test(event) || !objects.isObject(stream) || isOver(objects, stream)) return null
  const state = objects.getObject(stream, ['_readableState'])
  if (state === 0 || isFlowing(objects, state) || hasListener(objects, stream, 'readable')) return null
  const held = heldBack(objects, stream, 0)
  if (held === 0 && awaitedWriters(objects, stream).length > 0) return null
  if (held !== 0) return unreadFacts(objects, held)
  return hasListener(objects, stream, 'data') ? null : { ...unreadFacts(objects, stream), unstarted: true }
}

/**
 * A stream that a client feeds, and whose own property leads to the promise: who awaits that it is over has not begun to read
 * it, so it never asks its client for more (`await pool.query(new QueryStream(...))`).
 */
export function unstartedOn(
  objects: Objects,
  parts: readonly { readonly object: Tagged; readonly slot: string }[],
): UnreadStream | null {
  for (const { object, slot } of parts) {
    if (!CALLED_BACK.test(slot)) continue
    const state = objects.heap.is(object, 'JS_OBJECT') ? objects.getObject(object, ['_readableState']) : 0
    if (state === 0 || objects.getObject(object, ['_writableState']) !== 0 || isOver(objects, object)) continue
    if (objects.classScript(object)?.startsWith('node:') !== false || isFlowing(objects, state)) continue
    if (['readable', 'data'].some((event) => hasListener(objects, object, event))) continue
    return { ...unreadFacts(objects, object), unstarted: true }
  }
  return null
}

const CALLED_BACK = /^\.[_#]?(?:callback|cb|done|resolve|promise)$/
const OF_END = /^(?:end|close|data)$/
const MAX_STREAMS = 1_000
/** One or two may just be read slowly. */
const MANY = 3

/**
 * Answers to other requests of one HTTP/2 session that nobody reads: they take the places for streams that the peer allows.
 * How many it allows is not in the heap, and whether this one was sent is not either: many of them are a hint.
 */
export function unreadOnSession(objects: Objects, request: Tagged): UnreadStream | null {
  const session = objects.getObject(request, ['[session]', '[kSession]'])
  const state = session === 0 ? 0 : objects.getObject(session, ['[state]', '[kState]'])
  const streams = state === 0 ? 0 : objects.getObject(state, ['streams'])
  if (streams === 0) return null
  const full = entriesOf(objects, streams, MAX_STREAMS).filter((each) => each !== request && liesFull(objects, each))
  const bytes = full.reduce((sum, each) => sum + (unreadFacts(objects, each).buffered ?? 0), 0)
  if (full.length < MANY) return null
  return { stream: 'ClientHttp2Stream', buffered: bytes, others: full.length }
}

/** Whether a response has begun that nobody takes data from. */
export function isUnread(objects: Objects, response: Tagged): boolean {
  return response !== 0 && heldBack(objects, response, 0) !== 0
}

/** The stream, itself or one it feeds, that lies there with data and takes no more; 0 when data flows. */
function heldBack(objects: Objects, stream: Tagged, depth: number): Tagged {
  if (depth > MAX_DEPTH || !objects.heap.is(stream, 'JS_OBJECT')) return 0
  for (const writer of awaitedWriters(objects, stream)) {
    const further = heldBack(objects, writer, depth + 1)
    return further === 0 ? writer : further
  }
  return liesFull(objects, stream) ? stream : 0
}
