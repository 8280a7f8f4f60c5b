/** How a delivery fails: for now (it is tried again) or for good (somebody has to mend something). */
import { StallError } from '../../model/stall-error.js'

const HELP = '`conductor-diag doctor` checks each destination.'

export class SinkError extends StallError {
  /** When the other side says that it may be tried again, ms from now. */
  readonly retryAfterMs: number | null
  /** HTTP status; null where there was no answer. */
  readonly status: number | null

  constructor(
    kind: 'unreachable' | 'refused',
    message: string,
    more: { help?: string; cause?: unknown; retryAfterMs?: number | null; status?: number | null } = {},
  ) {
    super(kind === 'refused' ? 'ERR_STALL_SINK_REFUSED' : 'ERR_STALL_SINK_UNREACHABLE', message, {
      help: more.help ?? HELP,
      ...(more.cause === undefined ? {} : { cause: more.cause }),
    })
    this.retryAfterMs = more.retryAfterMs ?? null
    this.status = more.status ?? null
  }
}

export function refused(message: string, help?: string, status: number | null = null): SinkError {
  return new SinkError('refused', message, { ...(help === undefined ? {} : { help }), status })
}

export function unreachable(message: string, cause?: unknown): SinkError {
  const help = isCertificate(cause) ? { help: CERTIFICATE_HELP } : {}
  return new SinkError('unreachable', message, { cause, ...help })
}

const CERTIFICATE_HELP =
  'CONDUCTOR_STALL_SINK_CA_FILE names the certificates of a private authority; the name in the address has to be one that the server’s certificate is for.'

/** Codes of OpenSSL's verification as Node.js has them, and Node's own for another name. */
function isCertificate(cause: unknown, depth = 0): boolean {
  if (!(cause instanceof Error) || depth > 3) return false
  const code = 'code' in cause ? String(cause.code) : ''
  if (/CERT|^UNABLE_TO_(?:GET_ISSUER|VERIFY)/.test(code) || /certificate/i.test(cause.message)) return true
  return isCertificate(cause.cause, depth + 1)
}

/** A failure that time may cure. Everything that is no refusal, a fault of our own included, is tried again. */
export function isForGood(error: StallError): boolean {
  return (
    error.code === 'ERR_STALL_SINK_REFUSED' ||
    error.code === 'ERR_STALL_CONFIG_INVALID' ||
    error.code === 'ERR_STALL_BUNDLE_CORRUPT' ||
    error.code === 'ERR_STALL_BUNDLE_NOT_FOUND' ||
    error.code === 'ERR_STALL_USAGE'
  )
}
