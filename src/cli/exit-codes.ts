/** Exit codes of `conductor-diag`, after sysexits. Named, documented, tested. */
import type { StallErrorCode } from '../model/stall-error.js'

export const EXIT = {
  ok: 0,
  /** Nothing was had; stderr says why. */
  noEvidence: 1,
  usage: 64,
  corruptBundle: 65,
  notFound: 66,
  /** A destination could not be reached; what was to be sent is kept. */
  unreachable: 69,
  /** The worker's own: stalled, ended by the watchdog. */
  stalled: 70,
  toolFailed: 71,
  permission: 77,
} as const

/** For `--help`; docs/errors.md has the same. */
export const EXIT_CODES_HELP = `Exit codes:
  ${EXIT.ok}   done, with evidence
  ${EXIT.noEvidence}   no evidence; stderr says why
  ${EXIT.usage}  the command line or a setting is wrong
  ${EXIT.corruptBundle}  a bundle is corrupt or was never sealed
  ${EXIT.notFound}  no such process or bundle
  ${EXIT.unreachable}  a destination can't be reached; what was to be sent is kept
  ${EXIT.stalled}  (the worker's own) stalled, ended by the watchdog
  ${EXIT.toolFailed}  the tool itself failed
  ${EXIT.permission}  permission, or refused by a destination`

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Which exit code an error that ended a command deserves. */
export function exitCodeOf(code: StallErrorCode): ExitCode {
  switch (code) {
    case 'ERR_STALL_USAGE':
    case 'ERR_STALL_CONFIG_INVALID':
      return EXIT.usage
    case 'ERR_STALL_NO_SUCH_PROCESS':
    case 'ERR_STALL_BUNDLE_NOT_FOUND':
      return EXIT.notFound
    case 'ERR_STALL_BUNDLE_CORRUPT':
    case 'ERR_STALL_BUNDLE_UNSEALED':
      return EXIT.corruptBundle
    case 'ERR_STALL_SINK_UNREACHABLE':
      return EXIT.unreachable
    case 'ERR_STALL_SINK_REFUSED':
    case 'ERR_STALL_PERMISSION':
      return EXIT.permission
    case 'ERR_STALL_INTERNAL':
      return EXIT.toolFailed
    default:
      return EXIT.noEvidence
  }
}
