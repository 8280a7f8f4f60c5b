/**
 * Which code can go on for long without a call: bytecode that jumps back, its own or that of what was inlined into it.
 * Answers are kept until the next compacting collection; what can't be told counts as a loop.
 */
import { toAddress } from '../../model/address.js'
import { EXTRA_WIDE, JUMP_LOOP } from '../layouts/bytecodes.js'
import type { Functions } from '../objects/functions.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import { bytecodeSize } from './baseline.js'
import type { CodeObject } from './code-objects.js'
import { INLINING_ENTRY, inlinedFunction } from './inlined-function.js'

/** Builtins written in V8's own languages that walk over all of an array or a string without a call of JavaScript. */
export const LOOPING_BUILTINS: ReadonlySet<string> = new Set(
  (
    'indexOf lastIndexOf includes fill join concat slice splice reverse shift unshift copyWithin with toReversed ' +
    'toSpliced set subarray split trim repeat padStart padEnd at flat sort toSorted from of keys values entries ' +
    'apply assign get has add delete startsWith endsWith localeCompare normalize'
  ).split(' '),
)

/** Bytecode offsets: where it jumps back to, and the jump. */
interface Loop {
  readonly start: number
  readonly end: number
}

export class Loops {
  readonly #heap: V8Heap
  readonly #functions: Functions
  readonly #inBytecode = new Map<Tagged, readonly Loop[] | null>()
  readonly #inCode = new Map<Tagged, boolean>()

  constructor(heap: V8Heap, functions: Functions) {
    this.#heap = heap
    this.#functions = functions
  }

  flush(): void {
    this.#inBytecode.clear()
    this.#inCode.clear()
  }

  in(bytecode: Tagged): boolean {
    const loops = this.#of(bytecode)
    return loops === null || loops.length > 0
  }

  /**
   * Bytecode offset of the end of the only loop, of nested ones the outermost; -1 where there is none, or where there
   * are several.
   *
   * @param from offset of a loop's end where the code was entered that runs now: it is in that loop or behind it
   */
  onlyIn(bytecode: Tagged, from = -1): number {
    const loops = (this.#of(bytecode) ?? []).filter((loop) => loop.end >= from)
    const outermost = loops.filter((loop) => !loops.some((other) => other !== loop && encloses(other, loop)))
    return outermost.length === 1 ? (outermost[0]?.end ?? -1) : -1
  }

  /** Bytecode offsets at which a loop jumps back. */
  ends(bytecode: Tagged): readonly number[] {
    return (this.#of(bytecode) ?? []).map((loop) => loop.end)
  }

  /** Whether a loop ends at this offset. */
  endsAt(bytecode: Tagged, offset: number): boolean {
    return this.#of(bytecode)?.some((loop) => loop.end === offset) === true
  }

  #of(bytecode: Tagged): readonly Loop[] | null {
    let answer = this.#inBytecode.get(bytecode)
    if (answer === undefined) {
      answer = this.#search(bytecode)
      this.#inBytecode.set(bytecode, answer)
    }
    return answer
  }

  /** Whether a function that optimized code holds inlined has a loop; builtins that call back are loops. */
  inlinedInto(code: CodeObject): boolean {
    let answer = this.#inCode.get(code.address)
    if (answer === undefined) {
      answer = this.#inlined(code)
      this.#inCode.set(code.address, answer)
    }
    return answer
  }

  /** Null when they can't be told. */
  #search(bytecode: Tagged): readonly Loop[] | null {
    const { layout, memory } = this.#heap
    const length = this.#functions.bytecodeLength(bytecode)
    const sizes = layout.bytecodeSizes
    if (length === 0 || !sizes) return null
    const bytes = Buffer.allocUnsafe(length)
    if (!memory.read(toAddress(bytecode - 1 + layout.bytecode.data), bytes)) return null
    const loops: Loop[] = []
    const jump = JUMP_LOOP[layout.family]
    for (let at = 0; at < length; at += bytecodeSize(sizes, bytes, at)) {
      const wide = (bytes[at] ?? 0) <= EXTRA_WIDE ? 1 : 0
      if (bytes[at + wide] !== jump) continue
      const operand = wide === 0 ? 1 : bytes[at] === EXTRA_WIDE ? 4 : 2
      const back = at + wide + 1 + operand <= length ? bytes.readUIntLE(at + wide + 1, operand) : 0
      // The distance counts from the bytecode behind its prefix (BytecodeArrayIterator::GetAbsoluteOffset).
      loops.push({ start: at + wide - back, end: at })
    }
    return loops
  }

  #inlined(code: CodeObject): boolean {
    const heap = this.#heap
    const { layout } = heap
    const deoptimization = heap.field(code.address, layout.code.deoptimization)
    const positions = heap.byteArray(heap.element(deoptimization, layout.deoptimization.inliningPositions))
    if (!positions) return true
    for (let at = 0; at + INLINING_ENTRY <= positions.length; at += INLINING_ENTRY) {
      const info = inlinedFunction(heap, this.#functions, deoptimization, positions.readInt32LE(at + 8))
      if (info && (info.script ? this.in(info.bytecode) : ITERATORS.has(info.name ?? ''))) return true
    }
    return false
  }
}

const ITERATORS: ReadonlySet<string> = new Set(
  'every filter find findIndex forEach map reduce reduceRight some'.split(' '),
)

function encloses(outer: Loop, inner: Loop): boolean {
  return outer.start <= inner.start && outer.end >= inner.end
}
