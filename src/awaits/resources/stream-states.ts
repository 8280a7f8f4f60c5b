/**
 * What holds a stream up that is this process's own: nobody reads what lies in it, a write (or the last step before its
 * end) has not called back, or nobody ends it. Of Node's streams and of the package readable-stream, whose states have
 * the same names as plain properties; of streamx as far as its queue tells; of the web's streams by their back-pressure.
 */
import type { StreamHold, UnreadStream, WaitOf } from '../../model/wait.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { entriesOf } from './collections.js'

const MAX_DEPTH = 6
/** lib/internal/streams: bits of `state[kState]`, the same from Node 20 to 26. */
const BITS = {
  writable: { destroyed: 4, closeEmitted: 6, finalCalled: 10, needDrain: 11, ending: 12, finished: 13, writing: 15 },
  readable: { objectMode: 0, destroyed: 4, closeEmitted: 6, endEmitted: 10, flowing: 24 },
} as const
const WEB_STREAMS = /^(?:WritableStream(?:DefaultWriter|DefaultController)?|TransformStream(?:DefaultController)?)$/

export interface HeldStream {
  readonly object: Tagged
  /** Its class. */
  readonly stream: string
  readonly hold?: StreamHold
  readonly unread?: UnreadStream
}

type WritableFlag = keyof typeof BITS.writable

/** A flag of a stream's state: a property of its own, else a bit. */
function bit(objects: Objects, state: Tagged, name: string, index: number): boolean {
  const own = objects.getBoolean(state, [name])
  if (own !== null) return own
  const bits = objects.getNumber(state, ['[kState]'])
  return bits !== null && (bits & (1 << index)) !== 0
}

function written(objects: Objects, stream: Tagged, flag: WritableFlag): boolean {
  const state = objects.getObject(stream, ['_writableState'])
  return state !== 0 && bit(objects, state, flag, BITS.writable[flag])
}

export function isFlowing(objects: Objects, readableState: Tagged): boolean {
  return bit(objects, readableState, 'flowing', BITS.readable.flowing)
}

/**
 * Whether data lies in its readable side that nobody takes. Whoever listens for `readable`, as an async iterator does, takes
 * it in its own time: what it waits for is listed too.
 */
export function liesFull(objects: Objects, stream: Tagged): boolean {
  const state = objects.getObject(stream, ['_readableState'])
  if (state === 0 || isFlowing(objects, state) || hasListener(objects, stream, 'readable')) return false
  return (objects.getNumber(state, ['length']) ?? 0) > 0
}

export function hasListener(objects: Objects, stream: Tagged, event: string): boolean {
  const events = objects.getObject(stream, ['_events'])
  const listener = events === 0 ? undefined : objects.get(events, event)
  return listener !== undefined && objects.oddball(listener) !== 'undefined'
}

/** The writables that have told a readable to wait until they emit `drain`. */
export function awaitedWriters(objects: Objects, stream: Tagged): readonly Tagged[] {
  const state = objects.getObject(stream, ['_readableState'])
  const waiting = state === 0 ? 0 : objects.getObject(state, ['awaitDrainWriters'])
  if (waiting === 0) return []
  return objects.heap.is(waiting, 'JS_SET') ? entriesOf(objects, waiting, 20) : [waiting]
}

export function isStream(objects: Objects, object: Tagged): boolean {
  if (!objects.heap.is(object, 'JS_OBJECT')) return false
  return objects.getObject(object, ['_readableState']) !== 0 || objects.getObject(object, ['_writableState']) !== 0
}

/**
 * An answer of this process's own that somebody waits for to be sent, and that nobody has ended (lib/_http_outgoing.js:
 * `finished` is set by end()). Who waits for its `close` alone may wait for the client to leave.
 */
export function answerUnended(
  objects: Objects,
  parts: readonly { readonly object: Tagged; readonly name: string; readonly slot: string }[],
): WaitOf<'stream'> | null {
  const at = parts.findLastIndex(({ slot }) => slot === '._events')
  const answer = parts[at]
  if (answer === undefined || objects.className(answer.object) !== 'ServerResponse') return null
  const isFinish = parts[at + 1]?.slot === '.finish' || parts.some(({ name }) => name === 'scope of eos')
  if (!isFinish || objects.getBoolean(answer.object, ['finished']) !== false) return null
  return { kind: 'stream', owner: 'ServerResponse', hold: 'unended' }
}

/** A stream that nobody reads, with what lies in it. */
export function unreadFacts(objects: Objects, stream: Tagged): UnreadStream {
  const readable = objects.getObject(stream, ['_readableState'])
  const writable = objects.getObject(stream, ['_writableState'])
  const length = readable === 0 ? null : objects.getNumber(readable, ['length'])
  const state = writable === 0 || (length ?? 0) > 0 ? readable : writable
  const buffered = state === 0 ? null : objects.getNumber(state, ['length'])
  return {
    stream: objects.className(stream) || 'a stream',
    buffered,
    ...(state !== 0 && bit(objects, state, 'objectMode', BITS.readable.objectMode) ? { objects: true } : {}),
    ...(state !== 0 && state === readable && hasListener(objects, stream, 'data') ? { paused: true } : {}),
  }
}

/** A write, or the last step before the end, that was begun and has not called back; null without one. */
export function holdOf(objects: Objects, stream: Tagged): StreamHold | null {
  const state = objects.getObject(stream, ['_writableState'])
  if (state === 0) return null
  // streamx, lib: its state is a number of the stream's own, and what waits to be written is counted.
  if (objects.getNumber(stream, ['_duplexState']) !== null)
    return (objects.getNumber(state, ['buffered']) ?? 0) > 0 ? 'write' : null
  if (written(objects, stream, 'finished')) return null
  if (written(objects, stream, 'writing')) {
    // lib/internal/streams/transform.js: kept while its readable side takes no more.
    return objects.heap.isFunction(objects.get(stream, '[kCallback]') ?? 0) ? null : 'write'
  }
  const left = objects.getNumber(state, ['length']) ?? 0
  return left === 0 && written(objects, stream, 'finalCalled') ? 'final' : null
}

/** What holds the stream up, or the one behind it that it is held up by; null where nothing of the kind is seen. */
export function heldBy(objects: Objects, stream: Tagged, depth = 0): HeldStream | null {
  if (depth > MAX_DEPTH || !objects.heap.is(stream, 'JS_OBJECT')) return null
  const name = objects.className(stream) || 'a stream'
  if (WEB_STREAMS.test(name)) return heldWebStream(objects, stream, name)
  if (!isStream(objects, stream) || isOver(objects, stream)) return null
  for (const writer of awaitedWriters(objects, stream)) {
    return heldBy(objects, writer, depth + 1) ?? unread(objects, writer)
  }
  if (liesFull(objects, stream)) return unread(objects, stream)
  const hold = holdOf(objects, stream)
  if (hold === null) return null
  const part = hold === 'write' ? unreadPart(objects, stream) : 0
  return part === 0 ? { object: stream, stream: name, hold } : unread(objects, part)
}

export function isClosed(objects: Objects, stream: Tagged): boolean {
  const state = objects.getObject(stream, ['_readableState', '_writableState'])
  return state !== 0 && bit(objects, state, 'closeEmitted', BITS.readable.closeEmitted)
}

/** Destroyed, or closed: what is left in it is nobody's any more. */
export function isOver(objects: Objects, stream: Tagged): boolean {
  return (['_readableState', '_writableState'] as const).some((side) => {
    const state = objects.getObject(stream, [side])
    if (state === 0) return false
    const { destroyed, closeEmitted } = BITS.readable
    return bit(objects, state, 'destroyed', destroyed) || bit(objects, state, 'closeEmitted', closeEmitted)
  })
}

/**
 * A stream that it made and keeps in a property of its own, and that lies unread: the file of a multipart body, an entry of
 * an archive. 0 without one.
 */
export function unreadPart(objects: Objects, parser: Tagged): Tagged {
  for (const { value } of objects.properties(parser)) {
    if (objects.isObject(value) && isStream(objects, value) && !isOver(objects, value) && liesFull(objects, value))
      return value
  }
  return 0
}

/** Whether it can be written to still, has nothing left to write, and nobody has called end(). */
export function isUnended(objects: Objects, stream: Tagged): boolean {
  const state = objects.getObject(stream, ['_writableState'])
  if (state === 0 || (objects.getNumber(state, ['length']) ?? 1) > 0) return false
  return !(['ending', 'finished', 'destroyed', 'closeEmitted'] as const).some((flag) => written(objects, stream, flag))
}

/** Whether it has a side that is written to and has not emitted `finish`. */
export function isToFinish(objects: Objects, stream: Tagged): boolean {
  return objects.getObject(stream, ['_writableState']) !== 0 && !written(objects, stream, 'finished')
}

/** Whether a write was told that it is full, and that it will emit `drain`. */
export function isToDrain(objects: Objects, stream: Tagged): boolean {
  return written(objects, stream, 'needDrain')
}

/** Whether it has a side that is read from and has not emitted `end`. */
export function isToEnd(objects: Objects, stream: Tagged): boolean {
  const state = objects.getObject(stream, ['_readableState'])
  return state !== 0 && !bit(objects, state, 'endEmitted', BITS.readable.endEmitted)
}

function unread(objects: Objects, stream: Tagged): HeldStream {
  const facts = unreadFacts(objects, stream)
  return { object: stream, stream: facts.stream, unread: facts }
}

/**
 * Whether the readable side of the same pair has a reader (`[kState].reader`), seen from what keeps both sides together: a
 * TransformStream, or what CompressionStream and its like wrap.
 */
export function isReadBeside(objects: Objects, owner: Tagged): boolean {
  if (!objects.heap.is(owner, 'JS_OBJECT')) return false
  const state = objects.getObject(owner, ['[kState]'])
  return [owner, state].some((each) => {
    const readable = each === 0 ? 0 : objects.getObject(each, ['readable', '[kReadable]'])
    if (readable === 0 || objects.className(readable) !== 'ReadableStream') return false
    const own = objects.getObject(readable, ['[kState]'])
    return own !== 0 && objects.getObject(own, ['reader']) !== 0
  })
}

/** lib/internal/webstreams: `[kState].backpressure`, and of a writer or controller its `stream`'s. */
function heldWebStream(objects: Objects, object: Tagged, name: string): HeldStream | null {
  const state = objects.getObject(object, ['[kState]'])
  if (state === 0) return null
  const full = objects.getBoolean(state, ['backpressure'])
  const kind = name.startsWith('Transform') ? 'TransformStream' : 'WritableStream'
  if (full === true) return { object, stream: kind, unread: { stream: kind, buffered: null } }
  const stream = objects.getObject(state, ['stream'])
  return stream === 0 || stream === object || full !== null
    ? null
    : heldWebStream(objects, stream, objects.className(stream))
}
