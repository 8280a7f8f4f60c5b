/**
 * The one error class of the project. The message says what happened and with which value; `help` says what to do
 * next, as a command where one exists. Codes are stable: people match on them. `docs/errors.md` lists them all.
 */

/** Every code the project can raise. Add, never rename. */
export type StallErrorCode =
  // the target process
  | 'ERR_STALL_NO_SUCH_PROCESS'
  | 'ERR_STALL_NOT_NODE'
  | 'ERR_STALL_PERMISSION'
  | 'ERR_STALL_UNSUPPORTED_PLATFORM'
  | 'ERR_STALL_UNSUPPORTED_RUNTIME'
  | 'ERR_STALL_PROCESS_CHANGED'
  // reading memory
  | 'ERR_STALL_MEMORY_UNREADABLE'
  | 'ERR_STALL_V8_LAYOUT_UNKNOWN'
  | 'ERR_STALL_TORN_READ'
  | 'ERR_STALL_ELF_INVALID'
  | 'ERR_STALL_LIMIT'
  // inspector
  | 'ERR_STALL_INSPECTOR_UNAVAILABLE'
  | 'ERR_STALL_INSPECTOR_TIMEOUT'
  | 'ERR_STALL_INSPECTOR_WRONG_PROCESS'
  | 'ERR_STALL_NOTHING_RUNNING'
  // capture and control
  | 'ERR_STALL_TIMEOUT'
  | 'ERR_STALL_CAPTURE_FAILED'
  | 'ERR_STALL_CAPTURE_CRASHED'
  | 'ERR_STALL_CAPTURE_RATE_LIMITED'
  | 'ERR_STALL_CONTROL_UNAVAILABLE'
  | 'ERR_STALL_NOT_ENABLED'
  | 'ERR_STALL_NOT_REACHED'
  // bundles
  | 'ERR_STALL_BUNDLE_NOT_FOUND'
  | 'ERR_STALL_BUNDLE_CORRUPT'
  | 'ERR_STALL_BUNDLE_UNSEALED'
  | 'ERR_STALL_DIR_UNWRITABLE'
  | 'ERR_STALL_DISK_FULL'
  // delivery
  | 'ERR_STALL_SINK_UNREACHABLE'
  | 'ERR_STALL_SINK_REFUSED'
  // use
  | 'ERR_STALL_USAGE'
  | 'ERR_STALL_CONFIG_INVALID'
  | 'ERR_STALL_INTERNAL'

export interface StallErrorOptions {
  readonly help?: string
  readonly cause?: unknown
}

export class StallError extends Error {
  readonly code: StallErrorCode
  /** What to do next, one line; empty when there is nothing to do. */
  readonly help: string

  constructor(code: StallErrorCode, message: string, options: StallErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'StallError'
    this.code = code
    this.help = options.help ?? ''
  }

  toJSON(): { code: StallErrorCode; message: string; help: string } {
    return { code: this.code, message: this.message, help: this.help }
  }
}

/** Any thrown value as a StallError; one that is not ours becomes `fallback`, with the original as its cause. */
export function toStallError(thrown: unknown, fallback: StallErrorCode = 'ERR_STALL_INTERNAL'): StallError {
  if (thrown instanceof StallError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new StallError(fallback, message, { cause: thrown })
}
