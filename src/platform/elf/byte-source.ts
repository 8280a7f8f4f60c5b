/** Where the bytes of an ELF file come from: a file read synchronously, or bytes at hand (tests, a recorded process). */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { StallError } from '../../model/stall-error.js'

export interface ByteSource {
  readonly size: number
  /** Up to `length` bytes at `offset`; shorter at the end of the file, empty when nothing can be read. Never throws. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>
  /** The same into memory that is there already: bytes read. For what goes over a whole table piece by piece. */
  readInto(offset: number, into: Uint8Array): number
  dispose(): void
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(offset, length) {
      if (!(offset >= 0) || !(length > 0)) return new Uint8Array(0)
      // A copy: views over it are then aligned, whatever the offset.
      return new Uint8Array(bytes.subarray(offset, offset + length))
    },
    readInto(offset, into) {
      const part = offset >= 0 ? bytes.subarray(offset, offset + into.length) : new Uint8Array(0)
      into.set(part)
      return part.length
    },
    dispose() {},
  }
}

/** @throws StallError ERR_STALL_PERMISSION, ERR_STALL_NO_SUCH_PROCESS (a path under /proc), ERR_STALL_ELF_INVALID */
export function fileSource(path: string): ByteSource {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (cause) {
    throw openError(path, cause)
  }
  let size: number
  try {
    size = fstatSync(fd).size
  } catch (cause) {
    closeSync(fd)
    throw openError(path, cause)
  }
  let open = true
  const readInto = (offset: number, into: Uint8Array): number => {
    if (!open || !(offset >= 0)) return 0
    let done = 0
    while (done < into.length) {
      const got = tryRead(fd, into, done, offset)
      if (got <= 0) break
      done += got
    }
    return done
  }
  return {
    size,
    readInto,
    read(offset, length) {
      if (!(offset >= 0) || !(length > 0) || offset >= size) return new Uint8Array(0)
      const into = new Uint8Array(Math.min(length, size - offset))
      const done = readInto(offset, into)
      return done === into.length ? into : into.slice(0, done)
    },
    dispose() {
      if (open) closeSync(fd)
      open = false
    },
  }
}

/** Bytes read, 0 at the end, -1 when the kernel refuses: the caller then has a short read, which every parser checks. */
function tryRead(fd: number, into: Uint8Array, done: number, offset: number): number {
  try {
    return readSync(fd, into, done, into.length - done, offset + done)
  } catch {
    return -1
  }
}

function openError(path: string, cause: unknown): StallError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
  if (code === 'EACCES' || code === 'EPERM') {
    return new StallError('ERR_STALL_PERMISSION', `${path} can't be opened: ${code}`, {
      cause,
      help: "Run as the process's own user, or with CAP_SYS_PTRACE: conductor-diag doctor PID says what is missing.",
    })
  }
  if ((code === 'ENOENT' || code === 'ESRCH') && path.startsWith('/proc/')) {
    return new StallError('ERR_STALL_NO_SUCH_PROCESS', `${path} does not exist`, { cause })
  }
  return new StallError('ERR_STALL_ELF_INVALID', `${path} can't be opened: ${code}`, { cause })
}
