/**
 * Whether an emitter has done with the event that somebody waits for: a closed readline interface emits no line, a child
 * that has ended no exit. Told by the object's own fields alone, so it needs no search to be proved.
 */
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { isStream, isToDrain, isUnended } from './stream-states.js'
import { portOver, type PortContext } from './closed-ports.js'

const FLAGS: readonly (readonly [string, string])[] = [
  ['closed', 'closed'],
  ['_closed', 'closed'],
  ['#closed', 'closed'],
  ['destroyed', 'destroyed'],
  ['_destroyed', 'destroyed'],
]
/** Events that one process gets from another over an IPC channel, and the property of it that says whether there is one. */
const OF_CHANNEL = /^(?:message|disconnect)$/
/** lib/internal/streams/utils.js and readable.js: bits of `state[kState]`, the same from Node 20 to 26. */
const CLOSE_EMITTED = 1 << 6
const END_EMITTED = 1 << 10
const OF_READER = /^(?:data|readable|end)$/
const SOCKETS = /^(?:TLS)?Socket$/
/** Events that may still come when an object is closed. */
const LAST = /^(?:error|close)$/

/** `closed`; null when nothing says that it is over. */
export function overOf(context: PortContext, emitter: Tagged, event: string): string | null {
  const { objects } = context
  if (!objects.isObject(emitter)) return null
  const closed = portOver(context, emitter)
  if (closed !== null) return closed
  const name = objects.className(emitter)
  if (OF_CHANNEL.test(event) && (name === 'ChildProcess' || name === 'process')) return channelOver(objects, emitter)
  if (name === 'ChildProcess') return event === 'exit' ? endOfChild(objects, emitter) : null
  const done = streamOver(objects, emitter, event)
  if (done !== null) return done
  if (LAST.test(event)) return null
  for (const [name, word] of FLAGS) if (objects.getBoolean(emitter, [name]) === true) return word
  if (isWebSocketClosed(objects, emitter)) return 'closed'
  return name === 'Interface' ? inputOver(objects, emitter) : null
}

/** Of the package ws: the state of a WebSocket by its standard's number; 3 is closed. */
function isWebSocketClosed(objects: Objects, emitter: Tagged): boolean {
  return /WebSocket/.test(objects.className(emitter)) && objects.getNumber(emitter, ['_readyState', 'readyState']) === 3
}

/** A connection that is closed for good: whatever its listeners lead on to, they are never called again. */
export function connectionOver({ objects }: PortContext, emitter: Tagged): string | null {
  if (!objects.isObject(emitter)) return null
  if (isWebSocketClosed(objects, emitter)) return 'closed'
  return SOCKETS.test(objects.className(emitter)) ? streamOver(objects, emitter, 'close') : null
}

/** An interface made for an input that had ended before, or whose input was destroyed, is never closed by it. */
function inputOver(objects: Objects, lines: Tagged): string | null {
  const input = objects.getObject(lines, ['input'])
  const over = input === 0 ? null : streamOver(objects, input, 'data')
  return over === null ? null : 'without input (its stream has ended or is closed)'
}

/** `connected` is set with the channel and false once it is closed; a process that was not forked has none. */
function channelOver(objects: Objects, target: Tagged): string | null {
  const connected = objects.getBoolean(target, ['connected'])
  if (connected === false) return 'disconnected: its IPC channel is closed'
  const forked = objects.className(target) === 'ChildProcess' || connected === true
  return forked ? null : 'without an IPC channel: nobody forked this process with one'
}

/** Nothing is left to be written, and no write was told to wait: whoever listens for `drain` came too late. */
function drained(objects: Objects, stream: Tagged): boolean {
  return isStream(objects, stream) && isUnended(objects, stream) && !isToDrain(objects, stream)
}

/** A stream of Node's that has already emitted its end or its `close`. */
function streamOver(objects: Objects, stream: Tagged, event: string): string | null {
  if (event === 'drain' && drained(objects, stream)) return 'empty: it has drained already'
  const isOfStream = event === 'close' || OF_READER.test(event) || event === 'drain' || event === 'finish'
  if (!isOfStream) return null
  for (const side of ['_readableState', '_writableState']) {
    const state = objects.getObject(stream, [side])
    const bits = state === 0 ? null : objects.getNumber(state, ['[kState]'])
    if (bits === null) continue
    if ((bits & CLOSE_EMITTED) !== 0) return 'closed: it has emitted close'
    if (side === '_readableState' && (bits & END_EMITTED) !== 0 && OF_READER.test(event)) return 'over: it has ended'
  }
  return null
}

/** `exitCode` and `signalCode` are null while it runs. */
function endOfChild(objects: Objects, child: Tagged): string | null {
  if (objects.getNumber(child, ['exitCode']) !== null) return 'over: it has exited'
  const signal = objects.getText(child, ['signalCode'], 20)
  return signal === null ? null : `over: it was ended by ${signal}`
}
