/** Looking up addresses in a process's mappings. */
export interface Stretch {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

/** The mapping, or other stretch, that holds `address`, by binary search in ascending `mappings`. */
export function findMapping<T extends Stretch>(mappings: readonly T[], address: number): T | undefined {
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
