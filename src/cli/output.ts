/**
 * Text to stdout and stderr, whole, also where the reader is slow (EAGAIN) or has gone (EPIPE: `| head`). Whatever text
 * goes out, nothing in it steers the terminal: that is checked here once more, whoever made it.
 */
import { fstatSync, writeSync } from 'node:fs'
import { StallError } from '../model/stall-error.js'
import { printable, printableJson, screenSafe } from '../model/printable.js'

const PAUSE = new Int32Array(new SharedArrayBuffer(4))

/** Linux: major 1, minor 3. */
const DEV_NULL = 0x103

/** What a screen asks of stdout or stderr. */
export interface ScreenStream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

const NO_TERMINAL: ScreenStream = {}

/** Node's own stream only where there may be a terminal: to make one loads streams and node:net, 2 to 5 ms of a start. */
export function screenOf(fd: 1 | 2): ScreenStream {
  try {
    const stats = fstatSync(fd)
    if (!stats.isCharacterDevice() || stats.rdev === DEV_NULL) return NO_TERMINAL
  } catch {
    // Closed.
    return NO_TERMINAL
  }
  return fd === 1 ? process.stdout : process.stderr
}

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
      if (code === 'ENOSPC' || code === 'EDQUOT') throw full(fd, code, thrown)
      if (code !== 'EAGAIN') throw thrown
      // A terminal or pipe that some other program made non-blocking: wait a little for its reader.
      Atomics.wait(PAUSE, 0, 0, 5)
    }
  }
}

/** Where the output goes is full: no fault of this tool, and the rest would not be written either. */
function full(fd: 1 | 2, code: string, cause: unknown): StallError {
  const stream = fd === 1 ? 'stdout' : 'stderr'
  return new StallError('ERR_STALL_DISK_FULL', `no space is left where ${stream} goes (${code})`, {
    help: 'Make space there, or send the output elsewhere.',
    cause,
  })
}

/** Data as text for people. */
export function printOut(text: string): void {
  writeAll(1, Buffer.from(screenSafe(text)))
}

/** One line of a note, a warning or an error, whatever is in it. */
export function printLine(text: string): void {
  printNote(`${printable(text)}\n`)
}

/** Everything else that is not data, as lines that are clean one by one. */
export function printNote(text: string): void {
  // It stands below them now, and they stay.
  provisional = 0
  writeAll(2, Buffer.from(screenSafe(text)))
}

/** Data for programs. */
export function printJson(value: unknown): void {
  writeAll(1, Buffer.from(`${printableJson(JSON.stringify(value, null, 2))}\n`))
}

/** The same in one line. */
export function printJsonLine(value: unknown): void {
  writeAll(1, Buffer.from(`${printableJson(JSON.stringify(value))}\n`))
}

/** What became of data that went to stdout itself, for programs. */
export function noteJsonLine(value: unknown): void {
  writeAll(2, Buffer.from(`${printableJson(JSON.stringify(value))}\n`))
}

/** A file's content, for the program behind the pipe: as it is. */
export function printBytes(bytes: Uint8Array): void {
  writeAll(1, bytes)
}

/** Moves the cursor or clears the screen, then text. `control` is ours alone. */
export function printScreen(control: string, text: string): void {
  writeAll(1, Buffer.from(control + screenSafe(text)))
}

/** Takes the place of what stands in the line; gone with the next one. */
export function printStep(text: string): void {
  writeAll(2, Buffer.from(`\r\u001b[K${screenSafe(text)}`))
}

/** Lines above the step's that stand until the answer takes their place: their number, 0 where none do. */
let provisional = 0

/** Lines that fit into the terminal's width, instead of the step's; for a terminal that shows stdout and stderr alike. */
export function printProvisional(lines: readonly string[]): void {
  printStep(lines.map((line) => `${line}\n`).join(''))
  provisional = lines.length
}

/** Wipes them, and the step's line. */
export function wipeProvisional(): void {
  const up = provisional === 0 ? '' : `\u001b[${provisional}A`
  provisional = 0
  writeAll(2, Buffer.from(`\r${up}\u001b[J`))
}
