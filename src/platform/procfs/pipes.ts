/**
 * Who holds the other end of a pipe or FIFO: the same inode among the descriptors of all processes that we may see.
 *
 * How full a pipe is can't be had without opening it. Node's own child stdio are socket pairs, not pipes.
 */
import { statSync, type Stats } from 'node:fs'
import type { OpenFile } from '../../model/socket.js'
import { listDescriptors } from './descriptors.js'
import { listNumbers, tryReadLink, tryReadProcText } from './read.js'

export type PipeHolder = NonNullable<OpenFile['otherEnd']>[number]

export interface PipeSearch {
  /** What the descriptor leads to: `pipe:[123]`, or the path of a FIFO as the target names it. */
  readonly target: string
  /** The side that is already known, and not listed again. */
  readonly pid: number
  readonly fd: number
  /** Where the search ends, ms after its start: 400 processes take 5 to 10 ms. */
  readonly budgetMs?: number
}

export interface PipeHolders {
  readonly holders: readonly PipeHolder[]
  /** Processes whose descriptors we may not list: with any, an empty list proves nothing. */
  readonly denied: number
  /** False when the time was up first. */
  readonly complete: boolean
}

const BUDGET_MS = 50
const ACCESS_MODE = 3

/** Commands are unredacted. Holders on the same side as `fd` (a second reader beside a reader) are left out. */
export function findPipeHolders(search: PipeSearch): PipeHolders {
  const until = performance.now() + (search.budgetMs ?? BUDGET_MS)
  const own = directionOf(search.pid, search.fd)
  const identity = search.target.startsWith('pipe:[') ? null : fifoIdentity(search.pid, search.fd)
  const holders: PipeHolder[] = []
  let denied = 0
  for (const pid of listNumbers('/proc')) {
    if (performance.now() > until) return { holders, denied, complete: false }
    let descriptors
    try {
      descriptors = listDescriptors(`/proc/${pid}`)
    } catch {
      // Refused, or gone since /proc was listed: either way its descriptors are not known.
      denied++
      continue
    }
    for (const { fd, target } of descriptors) {
      if (pid === search.pid && fd === search.fd) continue
      if (!leadsTo(target, search.target, identity, pid, fd)) continue
      const direction = directionOf(pid, fd)
      if (direction === own && direction !== 'both') continue
      holders.push({ pid, command: commandOf(pid), direction })
    }
  }
  return { holders, denied, complete: true }
}

/** Only what has the same last name is asked for its inode: stat of a descriptor on a dead network mount hangs. */
function leadsTo(target: string, wanted: string, identity: Stats | null, pid: number, fd: number): boolean {
  if (identity === null) return target === wanted
  if (baseName(target) !== baseName(wanted)) return false
  const other = fifoIdentity(pid, fd)
  return other !== null && other.ino === identity.ino && other.dev === identity.dev
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function fifoIdentity(pid: number, fd: number): Stats | null {
  try {
    const stats = statSync(`/proc/${pid}/fd/${fd}`)
    return stats.isFIFO() ? stats : null
  } catch {
    // Closed meanwhile, or not ours to look at.
    return null
  }
}

function directionOf(pid: number, fd: number): PipeHolder['direction'] {
  const flags = /^flags:\s*([0-7]+)/m.exec(tryReadProcText(`/proc/${pid}/fdinfo/${fd}`, 4096) ?? '')
  const mode = flags === null ? ACCESS_MODE : Number.parseInt(flags[1] ?? '', 8) & ACCESS_MODE
  return mode === 0 ? 'read' : mode === 1 ? 'write' : 'both'
}

function commandOf(pid: number): string {
  const words = (tryReadProcText(`/proc/${pid}/cmdline`, 4096) ?? '').split('\0').filter(Boolean)
  if (words.length > 0) return words.join(' ')
  return tryReadLink(`/proc/${pid}/exe`) ?? `[${(tryReadProcText(`/proc/${pid}/comm`, 64) ?? '').trim()}]`
}
