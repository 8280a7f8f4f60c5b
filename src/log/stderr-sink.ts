/**
 * stderr without ever blocking. The worker's own descriptor 2 may be a pipe that nobody empties: a write to it then
 * blocks for ever, also in a thread that has nothing to do with it. Setting O_NONBLOCK on it would change the worker's
 * own writes, since that mode belongs to the shared open file description. So the pipe or terminal is opened anew
 * through /proc/self/fd/2, with a mode of its own.
 *
 * A regular file is written through descriptor 2 itself: its writes don't wait for a reader, and a second description
 * would have an offset of its own, so that the worker and we would overwrite each other's lines.
 * A socket can't be opened anew (ENXIO); where `send` with MSG_DONTWAIT is at hand the caller may pass it in.
 */
import { closeSync, constants, fstatSync, openSync, writeSync, type Stats } from 'node:fs'
import type { LineSink } from './line-sink.js'

export interface StderrSinkOptions {
  /** The descriptor to stand in for; 2 unless a test says otherwise. */
  readonly fd?: number
  /** `send(fd, bytes, MSG_DONTWAIT | MSG_NOSIGNAL)`: bytes taken, or a negative number. Makes sockets usable. */
  readonly send?: (fd: number, bytes: Uint8Array) => number
}

/** Bytes of one line; more would risk a torn line in a pipe of 64 KiB that is nearly full. */
const MAX_LINE_BYTES = 32_768

interface Outlet {
  /** Bytes written; throws what the system call raised. */
  write(bytes: Uint8Array): number
  close(): void
}

export function openStderrSink(options: StderrSinkOptions = {}): LineSink {
  const fd = options.fd ?? 2
  const opened = openOutlet(fd, options.send)
  return 'reason' in opened ? brokenSink(opened.reason) : lineSinkOver(opened)
}

function openOutlet(fd: number, send: StderrSinkOptions['send']): Outlet | { readonly reason: string } {
  try {
    const stats = fstatSync(fd)
    if (stats.isFile()) return sharedOutlet(fd, stats)
    if (stats.isSocket()) return send ? sendOutlet(fd, send) : { reason: 'stderr is a socket, which may block' }
    if (process.platform !== 'linux') {
      return stats.isFIFO() ? { reason: 'stderr is a pipe, which may block' } : sharedOutlet(fd, stats)
    }
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_APPEND | constants.O_NOCTTY
    const own = openSync(`/proc/self/fd/${fd}`, flags)
    return { write: (bytes) => writeSync(own, bytes), close: () => closeSync(own) }
  } catch (thrown) {
    // EBADF: closed. EACCES: made by another user (su, gosu). ENXIO: a socket after all, or a FIFO without a reader.
    return { reason: `stderr can't be opened anew: ${thrown instanceof Error ? thrown.message : String(thrown)}` }
  }
}

/** Descriptor 2 itself, as long as it is still the same file: a program may close it and open something else there. */
function sharedOutlet(fd: number, first: Stats): Outlet {
  return {
    write(bytes) {
      const now = fstatSync(fd)
      if (now.ino !== first.ino || now.dev !== first.dev) throw new Error('stderr is no longer the same file')
      return writeSync(fd, bytes)
    },
    close: () => undefined,
  }
}

function sendOutlet(fd: number, send: (fd: number, bytes: Uint8Array) => number): Outlet {
  return {
    // A negative result is nearly always EAGAIN; whatever it is, the line was not taken.
    write: (bytes) => Math.max(0, send(fd, bytes)),
    close: () => undefined,
  }
}

function brokenSink(reason: string): LineSink {
  let dropped = 0
  return {
    write() {
      dropped += 1
      return false
    },
    get dropped() {
      return dropped
    },
    unavailable: reason,
    dispose: () => undefined,
  }
}

function lineSinkOver(outlet: Outlet): LineSink {
  let dropped = 0
  let unavailable: string | null = null
  // The end of a line of which a nearly full pipe took only the beginning: it goes first, so that no line is torn.
  let rest: Uint8Array | null = null

  /** What could not be written now; null when all was. */
  function push(bytes: Uint8Array): Uint8Array | null {
    try {
      const written = outlet.write(bytes)
      return written >= bytes.length ? null : bytes.subarray(written)
    } catch (thrown) {
      const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
      if (code !== 'EAGAIN' && code !== 'EINTR') {
        // EPIPE: the reader is gone. Kept trying would be useless, and each try costs a system call.
        unavailable = `stderr can't be written: ${thrown instanceof Error ? thrown.message : String(thrown)}`
      }
      return bytes
    }
  }

  return {
    write(line) {
      const bytes = Buffer.from(line)
      if (unavailable === null && rest !== null) rest = push(rest)
      if (unavailable !== null || rest !== null || bytes.length > MAX_LINE_BYTES) {
        dropped += 1
        return false
      }
      const left = push(bytes)
      if (left !== null && left.length === bytes.length) {
        dropped += 1
        return false
      }
      rest = left
      return true
    },
    get dropped() {
      return dropped
    },
    get unavailable() {
      return unavailable
    },
    dispose() {
      unavailable ??= 'stderr sink was disposed of'
      try {
        outlet.close()
      } catch (thrown) {
        unavailable = `stderr could not be closed: ${String(thrown)}`
      }
    },
  }
}
