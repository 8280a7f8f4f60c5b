/**
 * Bounded, synchronous reads of /proc files. Everything else in this folder goes through here.
 *
 * Synchronous on purpose: libuv's thread pool is shared with a worker that may have filled it.
 */
import { closeSync, openSync, readSync, readlinkSync, readdirSync } from 'node:fs'
import { StallError } from '../../model/stall-error.js'

/** Text files under /proc have no size: this is how much of one is read unless a caller says otherwise. */
const DEFAULT_LIMIT_BYTES = 64 * 1024

/**
 * Reads a file up to `limitBytes`; more is cut off.
 * @throws StallError ERR_STALL_NO_SUCH_PROCESS (gone), ERR_STALL_PERMISSION, ERR_STALL_CAPTURE_FAILED (anything else)
 */
export function readProcBytes(path: string, limitBytes = DEFAULT_LIMIT_BYTES): Buffer {
  let fd: number | null = null
  try {
    fd = openSync(path, 'r')
    const chunks: Buffer[] = []
    let total = 0
    while (total < limitBytes) {
      const chunk = Buffer.allocUnsafe(Math.min(16 * 1024, limitBytes - total))
      const got = readSync(fd, chunk, 0, chunk.length, null)
      if (got === 0) break
      chunks.push(chunk.subarray(0, got))
      total += got
    }
    return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
  } catch (thrown) {
    throw procError(thrown, path)
  } finally {
    if (fd !== null) closeSync(fd)
  }
}

/** As `readProcBytes`, as UTF-8 text. */
export function readProcText(path: string, limitBytes = DEFAULT_LIMIT_BYTES): string {
  return readProcBytes(path, limitBytes).toString('utf8')
}

/** The same, or null for whatever reason: for fields that are welcome but not needed. */
export function tryReadProcText(path: string, limitBytes = DEFAULT_LIMIT_BYTES): string | null {
  try {
    return readProcText(path, limitBytes)
  } catch {
    // The caller reports the missing field; which of the many races with a dying process it was tells nothing.
    return null
  }
}

/** Longest path that the kernel takes (PATH_MAX of linux/limits.h). */
const MAX_PATH_BYTES = 4096

/** NUL-ended text in the target's memory, or null where it can't be read. @param root as everywhere */
export function readTextAt(root: string, address: bigint): string | null {
  let fd: number | null = null
  try {
    fd = openSync(`${root}/mem`, 'r')
    const bytes = Buffer.alloc(MAX_PATH_BYTES)
    // To the end of the page at first: the next one need not exist.
    const first = Math.min(MAX_PATH_BYTES, MAX_PATH_BYTES - Number(address % BigInt(MAX_PATH_BYTES)))
    const got = readSync(fd, bytes, 0, first, address)
    const end = bytes.subarray(0, got).indexOf(0)
    if (end >= 0) return bytes.toString('utf8', 0, end)
    const more = readSync(fd, bytes, got, MAX_PATH_BYTES - got, address + BigInt(got))
    const whole = bytes.subarray(0, got + more)
    const stop = whole.indexOf(0)
    return stop < 0 ? null : whole.toString('utf8', 0, stop)
  } catch {
    // Refused (ptrace_scope), or the call has returned meanwhile: the address is shown instead.
    return null
  } finally {
    if (fd !== null) closeSync(fd)
  }
}

/** Where a link leads (`exe`, `cwd`, `fd/3`, `ns/net`), or null. */
export function tryReadLink(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null
  }
}

/** Names that are numbers (`/proc`, `task`, `fd`), ascending, at most `limit`. */
export function listNumbers(folder: string, limit = 65_536): number[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (thrown) {
    throw procError(thrown, folder)
  }
  const numbers: number[] = []
  for (const name of names) {
    if (numbers.length >= limit) break
    if (/^\d+$/.test(name)) numbers.push(Number(name))
  }
  return numbers.sort((a, b) => a - b)
}

function procError(thrown: unknown, path: string): StallError {
  const code = (thrown as NodeJS.ErrnoException | null)?.code
  if (code === 'ENOENT' || code === 'ESRCH') {
    return new StallError('ERR_STALL_NO_SUCH_PROCESS', `${path} does not exist`, {
      help: 'conductor-diag ps lists the Node processes that are there.',
      cause: thrown,
    })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new StallError('ERR_STALL_PERMISSION', `the kernel refuses ${path}`, {
      help: 'Run as the same user as the process, or with sudo. conductor-diag doctor PID says what would be enough.',
      cause: thrown,
    })
  }
  return new StallError('ERR_STALL_CAPTURE_FAILED', `${path} could not be read (${code ?? String(thrown)})`, {
    cause: thrown,
  })
}
