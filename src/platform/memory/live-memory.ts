/**
 * Memory of a running process through `/proc/PID/mem`: nothing is stopped, no code runs in the target, no descriptor
 * is opened in it. A process may always read its own (`/proc/self/mem`), with no capability.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { toAddress } from '../../model/address.js'
import type { Address } from '../../model/address.js'
import { StallError } from '../../model/stall-error.js'
import { CachedMemory } from './cached-memory.js'
import { readMaps } from '../procfs/maps.js'
import type { MemoryReader } from './memory-reader.js'
import type { Mapping } from '../procfs/maps.js'
import { presentRuns } from './pagemap.js'
import type { PageRun } from './pagemap.js'

export interface LiveMemoryOptions {
  /** Bound of the block cache; 8 MiB when unset. */
  readonly cacheBytes?: number
}

const DEFAULT_CACHE_BYTES = 8 << 20

class LiveMemory extends CachedMemory {
  readonly #root: string
  #memory: number
  /** null: not opened yet; -1: can't be read. */
  #pagemap: number | null = null

  constructor(root: string, memory: number, cacheBytes: number) {
    super(cacheBytes)
    this.#root = root
    this.#memory = memory
  }

  protected fill(address: number, into: Uint8Array): number {
    let done = 0
    while (done < into.length) {
      let got = 0
      try {
        got = readSync(this.#memory, into, done, into.length - done, address + done)
      } catch {
        // EIO: not mapped, or no longer. 0 bytes: the process has ended.
        got = 0
      }
      if (got <= 0) {
        into.fill(0, done)
        return done
      }
      done += got
    }
    return done
  }

  protected loadMappings(): readonly Mapping[] {
    return readMaps(this.#root)
  }

  present(start: Address, end: Address, step?: number): readonly PageRun[] {
    if (this.#pagemap === null) {
      try {
        this.#pagemap = openSync(`${this.#root}/pagemap`, 'r')
      } catch {
        // Not every kernel has it: then all pages count as existing.
        this.#pagemap = -1
      }
    }
    const runs = this.#pagemap < 0 ? null : presentRuns(this.#pagemap, start, end, step)
    return runs ?? [{ start: toAddress(start), end: toAddress(end) }]
  }

  dispose(): void {
    if (this.#memory >= 0) closeSync(this.#memory)
    if (this.#pagemap !== null && this.#pagemap >= 0) closeSync(this.#pagemap)
    this.#memory = -1
    this.#pagemap = -1
  }
}

function memoryError(root: string, cause: unknown): StallError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown'
  const path = `${root}/mem`
  if (code === 'ENOENT' || code === 'ESRCH') {
    return new StallError('ERR_STALL_NO_SUCH_PROCESS', `no process at ${root}`, {
      help: 'conductor-diag ps lists the Node processes that you may see',
      cause,
    })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new StallError('ERR_STALL_PERMISSION', `${path} may not be read (${code})`, {
      help: `run as the user of the process, or with sudo; conductor-diag doctor ${root.replace(/^\/proc\//, '')} says what is missing`,
      cause,
    })
  }
  return new StallError('ERR_STALL_MEMORY_UNREADABLE', `${path} could not be opened (${code})`, { cause })
}

/**
 * Opens the memory of the process at `root` (`/proc/PID` or `/proc/self`). The caller disposes it.
 *
 * @throws StallError ERR_STALL_NO_SUCH_PROCESS, ERR_STALL_PERMISSION or ERR_STALL_MEMORY_UNREADABLE
 */
export function openLiveMemory(root: string, options: LiveMemoryOptions = {}): MemoryReader {
  let memory: number
  try {
    memory = openSync(`${root}/mem`, 'r')
  } catch (cause) {
    throw memoryError(root, cause)
  }
  return new LiveMemory(root, memory, options.cacheBytes ?? DEFAULT_CACHE_BYTES)
}
