/** System errors of the disk as the project's own. A file of its own: the watch thread needs it, and no node:crypto. */
import { StallError } from '../model/stall-error.js'

/** A system error as the project's own, with what to do about it. */
export function toDiskError(thrown: unknown, where: string): StallError {
  if (thrown instanceof StallError) return thrown
  const code = codeOf(thrown)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StallError('ERR_STALL_DISK_FULL', `no space left for ${where} (${code})`, {
      cause: thrown,
      help: 'Make space, or name a folder on another disk in CONDUCTOR_STALL_DIR. `conductor-diag prune` removes old bundles.',
    })
  }
  return new StallError(
    'ERR_STALL_DIR_UNWRITABLE',
    `${where} can't be written (${thrown instanceof Error ? thrown.message : String(thrown)})`,
    {
      cause: thrown,
      help: 'Name a writable folder in CONDUCTOR_STALL_DIR.',
    },
  )
}

export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}
