/**
 * What the kernel says of one thread, again and again: its files are opened once, and read in place. Each read is a
 * moment of its own (seq_file of the kernel begins anew at offset 0).
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { parseSyscall } from './syscall.js'
import type { RawSyscall } from './syscall.js'

const RUNNING: RawSyscall = { kind: 'running' }
const LETTER_R = 0x72
const DIGIT_0 = 0x30

export class ThreadFiles {
  readonly #folder: string
  /** Descriptors; -1: can't be had. */
  readonly #open = new Map<string, number>()
  readonly #bytes = Buffer.alloc(512)

  /** @param root the process's folder in procfs */
  constructor(root: string, tid: number) {
    this.#folder = `${root}/task/${tid}`
  }

  /** As `readRawSyscall`. */
  syscall(): RawSyscall | null {
    const length = this.#read('syscall')
    if (length > 0 && this.#bytes[0] === LETTER_R) return RUNNING
    return length > 0 ? parseSyscall(this.#bytes.toString('latin1', 0, length)) : null
  }

  /** As `readRanNs`. */
  ranNs(): number | null {
    const length = this.#read('schedstat')
    let value = 0
    let at = 0
    for (; at < length; at++) {
      const digit = (this.#bytes[at] ?? 0) - DIGIT_0
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    return at > 0 ? value : null
  }

  dispose(): void {
    for (const descriptor of this.#open.values()) if (descriptor >= 0) closeSync(descriptor)
    this.#open.clear()
  }

  /** @returns how many bytes; 0 where the kernel refuses or the thread is gone */
  #read(name: 'syscall' | 'schedstat'): number {
    try {
      let descriptor = this.#open.get(name)
      if (descriptor === undefined) {
        descriptor = openOr(`${this.#folder}/${name}`)
        this.#open.set(name, descriptor)
      }
      return descriptor < 0 ? 0 : readSync(descriptor, this.#bytes, 0, this.#bytes.length, 0)
    } catch {
      // ESRCH: it has ended. EPERM: the process became another user's.
      return 0
    }
  }
}

function openOr(path: string): number {
  try {
    return openSync(path, 'r')
  } catch {
    return -1
  }
}
