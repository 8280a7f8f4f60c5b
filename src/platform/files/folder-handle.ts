/**
 * A folder held open, so that what is done in it stays in it. A path means another folder the moment somebody who may
 * write the one above renames it or puts a link in its place; a descriptor does not. Node has no openat(2): files are
 * reached through `/proc/self/fd/N` instead, where the kernel follows the descriptor and not the name.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, statSync, type Stats } from 'node:fs'

export interface FolderHandle {
  /**
   * The path under which files in it are reached. Off Linux, without /proc, and where the permission model forbids it,
   * the folder's own path: then `isAt` before and after is all there is.
   */
  readonly inside: string
  readonly uid: number
  /** Permission bits. */
  readonly mode: number
  /** Whether that path, links not followed, is this folder. */
  isAt(path: string): boolean
  dispose(): void
}

export interface OpenFolderOptions {
  /** For folders that a person named: the last part of the path may be a link. */
  readonly followLink?: boolean
}

/** Throws system errors: ELOOP or ENOTDIR for a link. Never waits: a FIFO in its place is no folder. */
export function openFolder(folder: string, { followLink = false }: OpenFolderOptions = {}): FolderHandle {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | (followLink ? 0 : constants.O_NOFOLLOW)
  const fd = openSync(folder, flags)
  let open = true
  const dispose = (): void => {
    if (!open) return
    open = false
    closeSync(fd)
  }
  try {
    const stats = fstatSync(fd)
    return {
      inside: reachable(`/proc/self/fd/${fd}`, stats) ?? folder,
      uid: stats.uid,
      mode: stats.mode & 0o7777,
      isAt: (path) => isSame(lstatSync(path, { throwIfNoEntry: false }), stats),
      dispose,
    }
  } catch (thrown) {
    dispose()
    throw thrown
  }
}

function reachable(path: string, stats: Stats): string | null {
  const { permission } = process as { permission?: { has(scope: string, reference: string): boolean } }
  // The permission model judges by path, and nobody allows this one.
  if (permission !== undefined && !permission.has('fs.write', path)) return null
  try {
    return isSame(statSync(path), stats) ? path : null
  } catch {
    // No /proc, or another process's.
    return null
  }
}

function isSame(one: Stats | undefined, other: Stats): boolean {
  return one !== undefined && one.isDirectory() && one.ino === other.ino && one.dev === other.dev
}
