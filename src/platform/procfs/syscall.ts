/**
 * /proc/PID/task/TID/syscall: the system call a thread sleeps in, its arguments, stack pointer and pc.
 * Needs the same permission as ptrace from outside (ptrace_scope applies), none for one's own threads.
 */
import type { Address } from '../../model/address.js'
import { toAddress } from '../../model/address.js'
import type { Syscall } from '../../model/thread.js'
import { readDescriptor } from './descriptors.js'
import { readTextAt, tryReadProcText } from './read.js'
import { describeArguments, descriptorOf, pathAddressOf } from './syscall-arguments.js'
import { syscallName } from './syscall-names.js'

export type RawSyscall =
  | { readonly kind: 'running' }
  | {
      readonly kind: 'blocked'
      /** -1: asleep outside a system call (a page fault, a stop by a signal in user code). */
      readonly number: number
      /** Six raw arguments; as bigint because they are 64-bit words. Empty outside a system call. */
      readonly args: readonly bigint[]
      readonly sp: Address
      readonly pc: Address
    }

/** Null when the line is none. */
export function parseSyscall(text: string): RawSyscall | null {
  const words = text.trim().split(' ')
  if (words[0] === 'running') return { kind: 'running' }
  const number = Number(words[0])
  if (words[0] === '' || !Number.isInteger(number) || words.length < 3) return null
  const values = words.slice(1).map((word) => (/^0x[0-9a-f]+$/.test(word) ? BigInt(word) : 0n))
  return {
    kind: 'blocked',
    number,
    args: values.slice(0, -2),
    sp: toAddress(Number(values.at(-2) ?? 0n)),
    pc: toAddress(Number(values.at(-1) ?? 0n)),
  }
}

/** Null where the kernel refuses or the thread is gone. */
export function readRawSyscall(root: string, tid: number): RawSyscall | null {
  const text = tryReadProcText(`${root}/task/${tid}/syscall`, 512)
  return text === null ? null : parseSyscall(text)
}

/** The same, decoded: name, readable arguments, where its descriptor leads. `root` is the process's folder. */
export function decodeSyscall(raw: RawSyscall, root: string, arch: string = process.arch): Syscall | 'running' | null {
  if (raw.kind === 'running') return 'running'
  if (raw.number < 0) return null
  const name = syscallName(raw.number, arch)
  const fd = descriptorOf(name, raw.args)
  const address = pathAddressOf(name, raw.args)
  const path = address === null ? null : readTextAt(root, address)
  const target = path ?? (fd === undefined ? null : readDescriptor(root, fd))
  return {
    name,
    number: raw.number,
    args: describeArguments(name, raw.args, (descriptor) => readDescriptor(root, descriptor), path),
    ...(fd === undefined ? {} : { fd }),
    ...(target === null ? {} : { target }),
  }
}

export function readSyscall(root: string, tid: number): Syscall | 'running' | null {
  const raw = readRawSyscall(root, tid)
  return raw === null ? null : decodeSyscall(raw, root)
}
