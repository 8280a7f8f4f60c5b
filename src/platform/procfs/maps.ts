/**
 * /proc/PID/maps. Reading it takes the target's mmap lock: a target that is stuck holding it makes the reader wait,
 * so stat, status and wchan come first.
 */
import { type Address, toAddress } from '../../model/address.js'
import { readProcText } from './read.js'

/** 65,530 mappings is the kernel's default limit; about 100 bytes each. */
const LIMIT_BYTES = 16 * 1024 * 1024

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])([x-])([sp]) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+)(?: +(.*))?$/

export interface Mapping {
  readonly start: Address
  /** Exclusive. */
  readonly end: Address
  readonly readable: boolean
  readonly writable: boolean
  readonly executable: boolean
  readonly shared: boolean
  /** Offset in the file, bytes. */
  readonly offset: number
  /** Device and inode as in /proc/PID/maps; inode 0 for anonymous memory. */
  readonly device: string
  readonly inode: number
  /** Path, `[heap]`, `[stack]`, or '' for anonymous memory. */
  readonly path: string
}

/** Mappings in ascending order. A line that is cut off or unknown is left out. */
export function parseMaps(text: string): Mapping[] {
  const mappings: Mapping[] = []
  for (const line of text.split('\n')) {
    const match = LINE.exec(line)
    if (!match) continue
    mappings.push({
      start: toAddress(Number.parseInt(match[1] ?? '', 16)),
      end: toAddress(Number.parseInt(match[2] ?? '', 16)),
      readable: match[3] === 'r',
      writable: match[4] === 'w',
      executable: match[5] === 'x',
      shared: match[6] === 's',
      offset: Number.parseInt(match[7] ?? '', 16),
      device: match[8] ?? '',
      inode: Number(match[9]),
      path: match[10] ?? '',
    })
  }
  return mappings
}

/** @param root `/proc/PID` or `/proc/self`. */
export function readMaps(root: string): Mapping[] {
  return parseMaps(readProcText(`${root}/maps`, LIMIT_BYTES))
}
