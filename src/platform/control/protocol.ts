/**
 * What is said over the agent's control socket: one JSON object a line, each with the protocol's version. A request
 * gets any number of `progress` lines and exactly one `result` or `error`. Add fields and methods freely; a change
 * that breaks readers raises the version.
 */
import type { ClockReading } from '../../model/heartbeat.js'
import { amount, isRecord, list, none, or, record, type Shape, text, yesOrNo } from '../../model/shape.js'
import { StallError, type StallErrorCode } from '../../model/stall-error.js'

export const PROTOCOL_VERSION = 1

/** Bytes of one line from a client; requests are small. */
export const MAX_REQUEST_BYTES = 16_384
/** Bytes of one line from the agent. */
export const MAX_REPLY_BYTES = 4 * 2 ** 20

export interface ControlStatus {
  /** As the process itself numbers it: the last of NSpid. */
  readonly pid: number
  readonly startTicks: number | null
  /** `v20.20.2`. */
  readonly node: string
  /** Of this package. */
  readonly agent: string
  readonly service: string | null
  readonly version: string | null
  /** `watching`: nothing wrong; `capturing`: a capture is under way; `ending`: the watchdog will end the process. */
  readonly state: 'watching' | 'capturing' | 'ending' | 'shutting-down'
  readonly clocks: readonly ClockReading[]
  readonly lastIncident: string | null
  /** Milliseconds; 0 when the watchdog is off. */
  readonly stallTimeoutMs: number
  readonly warnMs: number
  /** Absent, with the two that follow, in what an older agent says. */
  readonly eventLoopWarnMs?: number
  /** Where bundles go; null: no folder can be written. */
  readonly dir?: string | null
  /** Whether code 70 can be had whatever the main thread is in; null: not known yet. */
  readonly canExit?: boolean | null
  /** Log lines that stderr did not take, and why it takes none at all. */
  readonly droppedLogLines: number
  readonly logUnavailable: string | null
}

export interface CaptureCommand {
  /** Free text of a person or tool; in the incident. */
  readonly reason: string
  readonly profileMs?: number
  readonly locals?: boolean
}

export interface CaptureProgress {
  /** `kernel`, `stacks`, `profile`, `seal`, ... */
  readonly step: string
  readonly message: string
}

export interface CaptureResult {
  readonly incident: string
  /** The sealed folder, as the process itself sees it (its mount namespace may be another than the reader's). */
  readonly path: string
  /** One sentence; null when none could be found. */
  readonly verdict: string | null
}

export interface ControlRequest {
  readonly v: number
  readonly id: number
  readonly method: string
  readonly params?: unknown
}

export type ControlReply =
  | { readonly v: number; readonly id: number; readonly type: 'progress'; readonly progress: CaptureProgress }
  | { readonly v: number; readonly id: number; readonly type: 'result'; readonly result: unknown }
  | {
      readonly v: number
      readonly id: number
      readonly type: 'error'
      /** `errorOf` reads it. */
      readonly error: { readonly code: StallErrorCode; readonly message: string; readonly help: string }
    }

/** Throws ERR_STALL_USAGE for what is no request of this version. */
export function parseRequest(line: string): ControlRequest {
  const value = parseJson(line)
  const { v, id, method } = value as Partial<Record<keyof ControlRequest, unknown>>
  if (typeof id !== 'number' || typeof method !== 'string')
    throw usage('a request has a number `id` and a text `method`')
  if (v !== PROTOCOL_VERSION) throw usage(`protocol version ${String(v)} is not spoken here, only ${PROTOCOL_VERSION}`)
  return value as ControlRequest
}

const MAX_CLOCKS = 1024
const MAX_ERROR_CHARS = 2000
/** Codes of a newer agent are let through; what is no code at all is not. */
const CODE = /^ERR_STALL_[A-Z0-9_]{1,60}$/

const CLOCK = record({
  name: text,
  kind: text,
  ageMs: amount,
  beats: amount,
  paused: yesOrNo,
  expectedWaitMs: or(amount, none),
  failuresInRow: amount,
  lastError: or(text, none),
  ended: yesOrNo,
  ...Object.fromEntries(
    [
      'inFlightMs',
      'lastSuccessMs',
      'slotsInUse',
      'slots',
      'oldestTaskMs',
      'responseTimeoutMs',
      'youngestTaskMs',
      'usualIntervalMs',
    ].map((name) => [name, or(amount, none)]),
  ),
})
const STATUS = record({
  pid: amount,
  startTicks: or(amount, none),
  node: text,
  agent: text,
  service: or(text, none),
  version: or(text, none),
  state: text,
  clocks: list(CLOCK, MAX_CLOCKS),
  lastIncident: or(text, none),
  stallTimeoutMs: amount,
  warnMs: amount,
  eventLoopWarnMs: or(amount, none),
  dir: or(text, none),
  canExit: or(yesOrNo, none),
  droppedLogLines: amount,
  logUnavailable: or(text, none),
})
/** What each method's result has to be: whoever answers on the socket may say anything. */
const RESULTS: Readonly<Record<ControlMethod, Shape>> = {
  status: STATUS,
  capture: record({ incident: text, path: text, verdict: or(text, none) }),
}
const PROGRESS = record({ step: text, message: text })

export type ControlMethod = 'status' | 'capture'

/** Throws ERR_STALL_CONTROL_UNAVAILABLE for what is no result of that method. */
export function checkResult(method: ControlMethod, result: unknown): void {
  if (!RESULTS[method](result)) throw noAgent(`its answer to ${method} is malformed`)
}

/** An agent's error, or what else came in the place of one. */
export function errorOf(value: unknown): StallError {
  const { code, message, help } = isRecord(value) ? value : {}
  const said = typeof message === 'string' ? message.slice(0, MAX_ERROR_CHARS) : 'it gave no reason'
  const known = typeof code === 'string' && CODE.test(code)
  return new StallError(known ? (code as StallErrorCode) : 'ERR_STALL_CONTROL_UNAVAILABLE', said, {
    help: typeof help === 'string' ? help.slice(0, MAX_ERROR_CHARS) : '',
  })
}

function noAgent(why: string): StallError {
  return new StallError('ERR_STALL_CONTROL_UNAVAILABLE', `what answers on the control socket is not an agent: ${why}`)
}

/** Throws ERR_STALL_CONTROL_UNAVAILABLE for what no agent would say. */
export function parseReply(line: string): ControlReply {
  const value = parseJson(line)
  const { v, id, type } = value as Partial<Record<'v' | 'id' | 'type', unknown>>
  const known = type === 'progress' || type === 'result' || type === 'error'
  if (v !== PROTOCOL_VERSION || typeof id !== 'number' || !known) {
    throw new StallError('ERR_STALL_CONTROL_UNAVAILABLE', `the agent speaks protocol version ${String(v)}`, {
      help: 'Use the conductor-diag of the version that the worker has loaded.',
    })
  }
  if (type === 'progress' && !PROGRESS((value as { progress?: unknown }).progress)) {
    throw noAgent('its progress is malformed')
  }
  return value as ControlReply
}

function parseJson(line: string): object {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new StallError('ERR_STALL_USAGE', 'a line on the control socket is not valid JSON', { cause })
  }
  if (typeof value !== 'object' || value === null) throw usage('a line on the control socket is not an object')
  return value
}

function usage(message: string): StallError {
  return new StallError('ERR_STALL_USAGE', message, {
    help: 'Use the conductor-diag of the version that the worker has loaded.',
  })
}
