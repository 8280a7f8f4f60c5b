/**
 * Maglev code: which functions were inlined where a call returns to, each with its bytecode offset.
 *
 * The source position table can't serve here: the position that Maglev notes for an inlined call is the last one its
 * graph builder came by, which in a loop with a peeled first iteration is the loop's own (seen on 24 and 26). V8 itself
 * reads the deoptimization data (OptimizedJSFrame::Summarize in src/execution/frames.cc), and so do we: the safepoint
 * table (safepoints.ts) leads from the return address to a deoptimization entry, that to a
 * translation (src/deoptimizer/frame-translation-builder.cc), which lists the frames, outermost first.
 */
import type { Tagged, V8Heap } from '../heap/heap.js'

export interface InlinedFrame {
  readonly bytecodeOffset: number
  /** Index into the deoptimization literals: the SharedFunctionInfo. */
  readonly literal: number
}

/** Deoptimization entries: bytecode offset, translation index, pc of the exit. */
const ENTRY_WORDS = 3
/** Exit start, eager count and lazy count follow the inlining positions; then come the entries. */
const AFTER_INLINING_POSITIONS = 4
const MAX_OPERATIONS = 100_000
const MAX_FRAMES = 64

/**
 * Outermost first; null when anything does not fit: the caller then knows the innermost place only.
 *
 * @param deoptimization the code's deoptimization data
 * @param index the entry that its safepoint names
 */
export function maglevFrames(heap: V8Heap, deoptimization: Tagged, index: number): InlinedFrame[] | null {
  const operands = heap.layout.translation
  if (!operands) return null
  const first = heap.layout.deoptimization.inliningPositions + AFTER_INLINING_POSITIONS + ENTRY_WORDS * index
  const innermost = heap.smiOf(heap.element(deoptimization, first))
  const start = heap.smiOf(heap.element(deoptimization, first + 1))
  const bytes = heap.byteArray(heap.element(deoptimization, 0))
  if (innermost === null || start === null || start < 0 || !bytes) return null
  const frames = new Translation(bytes, start, operands).frames()
  // The entry repeats the innermost offset: a decoder that has lost its way is found out here. -1: a builtin's.
  const last = frames?.at(-1)
  return frames && last && (innermost < 0 || last.bytecodeOffset === innermost) ? frames : null
}

/** Opcodes that are told apart; all others only have operands to skip. In 13.6 and 14.6 alike. */
const INTERPRETED_WITH_RETURN = 0
const INTERPRETED_WITHOUT_RETURN = 1
const LAST_JAVASCRIPT_FRAME = 3
const BEGIN_WITHOUT_FEEDBACK = 14
const BEGIN_WITH_FEEDBACK = 15
const MATCH_PREVIOUS = 44

class Translation {
  readonly #bytes: Uint8Array
  readonly #operands: readonly number[]
  #at: number
  /** The earlier translation whose operations this one repeats. */
  #previousAt = -1
  #sincePrevious = 0
  #repeat = 0

  constructor(bytes: Uint8Array, start: number, operands: readonly number[]) {
    this.#bytes = bytes
    this.#at = start
    this.#operands = operands
  }

  frames(): InlinedFrame[] | null {
    const begin = this.#bytes[this.#at]
    if (begin !== BEGIN_WITHOUT_FEEDBACK && begin !== BEGIN_WITH_FEEDBACK) return null
    const start = this.#at++
    const lookback = this.#unsigned(false)
    this.#unsigned(false)
    const wanted = zigzag(this.#unsigned(false))
    if (!(wanted > 0) || wanted > MAX_FRAMES) return null
    if (lookback > 0) {
      this.#previousAt = start - lookback
      // The opcode and operands of the earlier BEGIN are passed over like any operation of it.
      this.#sincePrevious = 1
    }
    const frames: InlinedFrame[] = []
    let seen = 0
    for (let operation = 0; operation < MAX_OPERATIONS && seen < wanted; operation++) {
      const next = this.#next()
      if (next === null) return null
      if (next.opcode > LAST_JAVASCRIPT_FRAME) continue
      seen++
      const [offset = 0, literal = 0] = next.operands
      if (next.opcode === INTERPRETED_WITH_RETURN || next.opcode === INTERPRETED_WITHOUT_RETURN) {
        frames.push({ bytecodeOffset: zigzag(offset), literal: zigzag(literal) })
      }
    }
    return seen === wanted ? frames : null
  }

  #next(): { opcode: number; operands: number[] } | null {
    if (this.#repeat > 0) {
      this.#repeat--
      return this.#operation(true)
    }
    const byte = this.#bytes[this.#at]
    if (byte === undefined) return null
    const count = this.#operands.length
    if (byte < MATCH_PREVIOUS) {
      this.#sincePrevious++
      return this.#operation(false)
    }
    if (byte > MATCH_PREVIOUS && byte < count) return null
    this.#at++
    // A byte beyond the opcodes is a short form: how many operations to repeat.
    const repeat = byte === MATCH_PREVIOUS ? this.#unsigned(false) : byte - count
    if (this.#previousAt < 0 || repeat < 1 || repeat > MAX_OPERATIONS) return null
    for (; this.#sincePrevious > 0; this.#sincePrevious--) if (this.#operation(true) === null) return null
    this.#repeat = repeat - 1
    return this.#operation(true)
  }

  #operation(previous: boolean): { opcode: number; operands: number[] } | null {
    const opcode = this.#bytes[previous ? this.#previousAt++ : this.#at++]
    const count = opcode === undefined ? undefined : this.#operands[opcode]
    if (opcode === undefined || count === undefined || (previous && opcode === MATCH_PREVIOUS)) return null
    const operands: number[] = []
    for (let index = 0; index < count; index++) operands.push(this.#unsigned(previous))
    return operands.some(Number.isNaN) ? null : { opcode, operands }
  }

  /** src/base/vlq.h; NaN past the end. */
  #unsigned(previous: boolean): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 35; scale *= 128) {
      const byte = this.#bytes[previous ? this.#previousAt++ : this.#at++]
      if (byte === undefined) return Number.NaN
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return Number.NaN
  }
}

/** Signed operands: bit 0 is the sign (VLQConvertToUnsigned). */
function zigzag(value: number): number {
  return value % 2 === 1 ? -(value - 1) / 2 : value / 2
}
