/**
 * Source position tables (src/codegen/source-position-table.cc): code offset to source position, delta-encoded.
 *
 * V8 11.3 to 13.6: two zigzag numbers an entry, the code delta negated less one for expressions. V8 14.6: the code
 * delta unsigned, times 4 with bit 0 for statements, then the position as zigzag. The first entry may stand at code
 * offset -1 (function entry). A position is packed as in src/codegen/source-position.h: bit 0 external, 30 bits of
 * script offset plus 1, 16 bits of inlining id plus 1.
 */
import type { PositionEncoding } from './layouts/layout.js'

export interface SourcePlace {
  readonly codeOffset: number
  /** Offset in the script's source; -1 when there is none. */
  readonly scriptOffset: number
  /** Index into the inlining positions; -1 for the function itself. */
  readonly inliningId: number
}

/** No table is longer: bounds the work on a wild length. */
const MAX_ENTRIES = 4_000_000

/** Every entry in order; stops at the first that is cut off. */
export function* sourcePlaces(table: Uint8Array, encoding: PositionEncoding): Generator<SourcePlace> {
  let at = 0
  let code = -1
  let position = 0
  const number = (): number => {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = table[at++]
      if (byte === undefined) return Number.NaN
      value += (byte & 127) * scale
      if (byte < 128) return value
      scale *= 128
      if (scale > 2 ** 49) return Number.NaN
    }
  }
  const zigzag = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2)
  for (let entries = 0; at < table.length && entries < MAX_ENTRIES; entries++) {
    const first = number()
    const second = number()
    if (Number.isNaN(first) || Number.isNaN(second)) return
    if (encoding === 'unsigned') code += Math.floor(first / 4)
    else {
      const delta = zigzag(first)
      code += delta >= 0 ? delta : -(delta + 1)
    }
    position += zigzag(second)
    yield {
      codeOffset: code,
      scriptOffset: (Math.floor(position / 2) % 2 ** 30) - 1,
      inliningId: (Math.floor(position / 2 ** 31) % 65_536) - 1,
    }
  }
}

/** The last entry at or before `codeOffset`, as V8 looks positions up (AbstractCode::SourcePosition); null without one. */
export function placeAt(table: Uint8Array, codeOffset: number, encoding: PositionEncoding): SourcePlace | null {
  let best: SourcePlace | null = null
  for (const place of sourcePlaces(table, encoding)) {
    if (place.codeOffset > codeOffset) break
    best = place
  }
  return best
}
