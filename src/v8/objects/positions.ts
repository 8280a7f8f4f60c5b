/**
 * Source position tables (src/codegen/source-position-table.cc): code offset to source position, delta-encoded.
 *
 * V8 11.3 to 13.6: two zigzag numbers an entry, the code delta negated less one for expressions. V8 14.6: the code
 * delta unsigned, times 4 with bit 0 for statements, then the position as zigzag. The first entry may stand at code
 * offset -1 (function entry). A position is packed as in src/codegen/source-position.h: bit 0 external, 30 bits of
 * script offset plus 1, 16 bits of inlining id plus 1.
 */
import type { PositionEncoding } from '../layouts/layout.js'

export interface SourcePlace {
  readonly codeOffset: number
  /** Offset in the script's source; -1 when there is none. */
  readonly scriptOffset: number
  /** Index into the inlining positions; -1 for the function itself. */
  readonly inliningId: number
}

/** No table is longer: bounds the work on a wild length. */
const MAX_ENTRIES = 4_000_000

/** Calls `visit` for every entry in order, until it returns false; stops at the first entry that is cut off. */
function decode(
  table: Uint8Array,
  encoding: PositionEncoding,
  visit: (codeOffset: number, packed: number) => boolean,
): void {
  let at = 0
  let code = -1
  let position = 0
  for (let entries = 0; at < table.length && entries < MAX_ENTRIES; entries++) {
    // Two numbers, read in line: this loop is what most of a cold dump's time goes into.
    let first = 0
    let byte = 128
    for (let scale = 1; byte >= 128; scale *= 128) {
      byte = table[at++] ?? 256
      if (byte > 255 || scale > MAX_SCALE) return
      first += (byte & 127) * scale
    }
    let second = 0
    byte = 128
    for (let scale = 1; byte >= 128; scale *= 128) {
      byte = table[at++] ?? 256
      if (byte > 255 || scale > MAX_SCALE) return
      second += (byte & 127) * scale
    }
    if (encoding === 'unsigned') code += Math.floor(first / 4)
    else {
      const delta = zigzag(first)
      code += delta >= 0 ? delta : -(delta + 1)
    }
    position += zigzag(second)
    if (!visit(code, position)) return
  }
}

/** 8 groups of 7 bits: what fits a double exactly. */
const MAX_SCALE = 2 ** 49

function zigzag(value: number): number {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2
}

function placeOf(codeOffset: number, packed: number): SourcePlace {
  return {
    codeOffset,
    scriptOffset: (Math.floor(packed / 2) % 2 ** 30) - 1,
    inliningId: (Math.floor(packed / 2 ** 31) % 65_536) - 1,
  }
}

/** Every entry in order; without the last when that is cut off. */
export function sourcePlaces(table: Uint8Array, encoding: PositionEncoding): SourcePlace[] {
  const places: SourcePlace[] = []
  decode(table, encoding, (codeOffset, packed) => {
    places.push(placeOf(codeOffset, packed))
    return true
  })
  return places
}

/** The last entry at or before `codeOffset`, as V8 looks positions up (AbstractCode::SourcePosition); null without one. */
export function placeAt(table: Uint8Array, codeOffset: number, encoding: PositionEncoding): SourcePlace | null {
  let found = false
  let bestOffset = 0
  let best = 0
  decode(table, encoding, (offset, packed) => {
    if (offset > codeOffset) return false
    found = true
    bestOffset = offset
    best = packed
    return true
  })
  return found ? placeOf(bestOffset, best) : null
}
