/** Text to stdout and stderr, whole, also where the reader is slow (EAGAIN) or has gone (EPIPE: `| head`). */
import { writeSync } from 'node:fs'

const PAUSE = new Int32Array(new SharedArrayBuffer(4))

/** Aborted once nobody reads stdout any more: what goes on for ever ends then. */
export const readerGone = new AbortController()

function writeAll(fd: 1 | 2, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (thrown) {
      const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
      // Whoever read has seen enough: no error of ours.
      if (code === 'EPIPE') {
        if (fd === 1) readerGone.abort()
        return
      }
      if (code !== 'EAGAIN') throw thrown
      // A terminal or pipe that some other program made non-blocking: wait a little for its reader.
      Atomics.wait(PAUSE, 0, 0, 5)
    }
  }
}

/** Data. */
export function printOut(text: string): void {
  writeAll(1, Buffer.from(text))
}

/** Everything else. */
export function printNote(text: string): void {
  writeAll(2, Buffer.from(text))
}

/** Data for programs. */
export function printJson(value: unknown): void {
  printOut(`${JSON.stringify(value, null, 2)}\n`)
}

/** Data that is no text. */
export function printBytes(bytes: Uint8Array): void {
  writeAll(1, bytes)
}
