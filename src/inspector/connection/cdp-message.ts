/**
 * What came through a debug port, as a message of the inspector's protocol or an error. Of the answers and events that are
 * read, the parts that are read are checked: whoever listens on that port may send anything. Pure.
 */
import { amount, isRecord, list, none, or, record, type Shape, text } from '../../model/shape.js'
import { StallError } from '../../model/stall-error.js'

export type CdpMessage =
  | { readonly kind: 'result'; readonly id: number; readonly result: object }
  | { readonly kind: 'error'; readonly id: number; readonly message: string }
  | { readonly kind: 'event'; readonly method: string; readonly params: object }

const MAX_ERROR_CHARS = 500

/** V8 stops at about 11,000 frames with its usual stack; `--stack-size` allows more. */
const MAX_FRAMES = 100_000
const MAX_PROFILE_NODES = 1_000_000
const MAX_PROFILE_SAMPLES = 10_000_000
const MAX_PROPERTIES = 10_000

const REMOTE_OBJECT = record({ objectId: or(none, text) })
const CALL_FRAME = record({
  functionName: text,
  url: text,
  location: record({ scriptId: text, lineNumber: amount, columnNumber: or(none, amount) }),
})
const PROFILE_NODE = record({
  id: amount,
  callFrame: record({ functionName: text, url: text, lineNumber: amount, columnNumber: amount }),
  hitCount: or(none, amount),
  children: or(none, list(amount, MAX_PROFILE_NODES)),
  positionTicks: or(none, list(record({ line: amount, ticks: amount }), MAX_PROFILE_NODES)),
})

const RESULTS: Readonly<Record<string, Shape>> = {
  'Runtime.evaluate': record({ result: isRecord }),
  'Runtime.getHeapUsage': record({ usedSize: amount }),
  'Runtime.getProperties': record({
    internalProperties: or(
      none,
      list(record({ name: text, value: or(none, record({ value: or(none, isLocationOrScalar) })) }), MAX_PROPERTIES),
    ),
  }),
  'HeapProfiler.getObjectByHeapObjectId': record({ result: REMOTE_OBJECT }),
  'Profiler.stop': record({
    profile: record({
      nodes: list(PROFILE_NODE, MAX_PROFILE_NODES),
      startTime: amount,
      endTime: amount,
      samples: or(none, list(amount, MAX_PROFILE_SAMPLES)),
      timeDeltas: or(none, list(amount, MAX_PROFILE_SAMPLES)),
    }),
  }),
}

const EVENTS: Readonly<Record<string, Shape>> = {
  'Debugger.scriptParsed': record({ scriptId: text, url: text }),
  'Debugger.paused': record({ callFrames: list(CALL_FRAME, MAX_FRAMES) }),
  'HeapProfiler.addHeapSnapshotChunk': record({ chunk: text }),
}

/** `[[GeneratorLocation]]` is a record, `[[GeneratorState]]` a text. */
function isLocationOrScalar(value: unknown): boolean {
  if (!isRecord(value)) return true
  return value['scriptId'] === undefined || record({ scriptId: text, lineNumber: amount })(value)
}

/** @throws StallError ERR_STALL_INSPECTOR_UNAVAILABLE for what no inspector sends */
export function parseMessage(data: unknown): CdpMessage {
  if (typeof data !== 'string') throw noMessage('it sends bytes instead of text')
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    throw noMessage('it sends text that is not valid JSON')
  }
  if (!isRecord(value)) throw noMessage('it sends JSON that is not an object')
  const { id, method } = value
  if (typeof id === 'number') return answerOf(id, value)
  if (typeof method !== 'string') throw noMessage('its message has neither an id nor a method')
  const params = value['params'] ?? {}
  const shape = Object.hasOwn(EVENTS, method) ? EVENTS[method] : undefined
  if (!isRecord(params) || shape?.(params) === false) throw noMessage(`its event ${method.slice(0, 80)} is malformed`)
  return { kind: 'event', method, params }
}

function answerOf(id: number, value: Readonly<Record<string, unknown>>): CdpMessage {
  const { error, result } = value
  if (error !== undefined) {
    const message = isRecord(error) && typeof error['message'] === 'string' ? error['message'] : 'no reason given'
    return { kind: 'error', id, message: message.slice(0, MAX_ERROR_CHARS) }
  }
  if (!isRecord(result)) throw noMessage('its answer has no result')
  return { kind: 'result', id, result }
}

/** @throws StallError ERR_STALL_INSPECTOR_UNAVAILABLE for an answer without what its command promises */
export function checkResult(method: string, result: object): object {
  const shape = Object.hasOwn(RESULTS, method) ? RESULTS[method] : undefined
  if (shape?.(result) === false) throw noMessage(`its answer to ${method} is malformed`)
  return result
}

function noMessage(why: string): StallError {
  return new StallError('ERR_STALL_INSPECTOR_UNAVAILABLE', why)
}
