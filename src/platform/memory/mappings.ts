/** `/proc/PID/maps` as typed records. Knows the kernel's line format and nothing of what is mapped. */
import { toAddress } from '../../model/address.js'
import type { Address } from '../../model/address.js'
import type { Mapping } from './memory-reader.js'

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])([x-])([ps]) ([0-9a-f]+) (\S+) (\d+)\s*(.*)$/

/** Parses the text of a maps file; lines that don't fit the format are skipped. Ascending, as the kernel writes them. */
export function parseMappings(text: string): Mapping[] {
  const mappings: Mapping[] = []
  for (const line of text.split('\n')) {
    const match = LINE.exec(line)
    if (!match) continue
    const [, start = '', end = '', r, w, x, share, offset = '', device = '', inode = '', path = ''] = match
    const from = Number.parseInt(start, 16)
    const to = Number.parseInt(end, 16)
    // `[vsyscall]` lies in the kernel's half.
    if (!Number.isSafeInteger(to)) continue
    mappings.push({
      start: toAddress(from),
      end: toAddress(to),
      readable: r === 'r',
      writable: w === 'w',
      executable: x === 'x',
      shared: share === 's',
      offset: Number.parseInt(offset, 16),
      device,
      inode: Number(inode),
      path: path.replace(/ \(deleted\)$/, ''),
    })
  }
  return mappings
}

/** The mapping that holds `address`, by binary search in ascending `mappings`. */
export function findMapping(mappings: readonly Mapping[], address: Address): Mapping | undefined {
  let low = 0
  let high = mappings.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const mapping = mappings[middle]
    if (!mapping) return undefined
    if (address < mapping.start) high = middle - 1
    else if (address >= mapping.end) low = middle + 1
    else return mapping
  }
  return undefined
}
