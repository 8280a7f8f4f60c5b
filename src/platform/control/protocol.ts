/**
 * What is said over the agent's control socket: one JSON object a line, each with the protocol's version. A request
 * gets any number of `progress` lines and exactly one `result` or `error`. Add fields and methods freely; a change
 * that breaks readers raises the version.
 */
import type { ClockReading } from '../../model/heartbeat.js'
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
  return value as ControlReply
}

function parseJson(line: string): object {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new StallError('ERR_STALL_USAGE', 'a line on the control socket is no JSON', { cause })
  }
  if (typeof value !== 'object' || value === null) throw usage('a line on the control socket is no object')
  return value
}

function usage(message: string): StallError {
  return new StallError('ERR_STALL_USAGE', message, {
    help: 'Use the conductor-diag of the version that the worker has loaded.',
  })
}
