/** /proc/PID/fd: what each descriptor leads to. */
import { listNumbers, tryReadLink } from './read.js'

export interface Descriptor {
  readonly fd: number
  /** A path, `pipe:[inode]`, `socket:[inode]`, `anon_inode:[eventpoll]`; ` (deleted)` is kept. */
  readonly target: string
}

export function readDescriptor(root: string, fd: number): string | null {
  return tryReadLink(`${root}/fd/${fd}`)
}

/** Ascending, at most `limit`. Throws as `listNumbers` does when the folder is refused. */
export function listDescriptors(root: string, limit = 4096): Descriptor[] {
  const descriptors: Descriptor[] = []
  for (const fd of listNumbers(`${root}/fd`, limit)) {
    const target = readDescriptor(root, fd)
    // Closed since the folder was listed.
    if (target !== null) descriptors.push({ fd, target })
  }
  return descriptors
}

/** Inode of a `socket:[n]` or `pipe:[n]` target; null for everything else. */
export function inodeOfTarget(target: string): number | null {
  const match = /^(?:socket|pipe):\[(\d+)\]$/.exec(target)
  return match ? Number(match[1]) : null
}
