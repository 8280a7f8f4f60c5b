/** Looking up addresses in a process's mappings. */
import type { Address } from '../../model/address.js'
import type { Mapping } from '../procfs/maps.js'

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
