/**
 * Whether V8's own machine code of a regular expression is matching right now. Such code calls nothing and keeps its
 * state in registers, so a stack alone can't tell a match that runs from one that has long returned. But it backtracks
 * over a stack of its own (src/regexp/regexp-stack.h, RegExpStack): where that memory changes between two reads, a
 * match is running.
 *
 * The isolate's pointer to it is not exported. It is found by what RegExpStack promises of its fields, behind its
 * static stack: memory_, memory_top_ = memory_ + memory_size_, memory_size_, memory_ <= stack_pointer_ <= memory_top_.
 */
import { toAddress, type Address } from '../../model/address.js'
import type { MemoryReader } from '../../platform/memory/memory-reader.js'

/** More than an isolate of any version that is read; what lies behind it may not be readable. */
const ISOLATE_BYTES = [96 << 10, 72 << 10]
/** RegExpStack::kStaticStackSize: 512 up to V8 12, 1 KB later. */
const STATIC_STACK_BYTES = [512, 1024]
const FIELDS_BYTES = 32
/** RegExpStack::kMaximumStackSize. */
const MAX_STACK_BYTES = 64 << 20
/** Its ends are what changes: the whole of a large one is never read. */
const READ_BYTES = 16 << 10
const BETWEEN_MS = 2
/** On a crowded machine the thread itself may not get a processor for some tens of milliseconds. */
const READS = 31
const pauseCell = new Int32Array(new SharedArrayBuffer(4))

/** Where a RegExpStack lies, and how large its static part is. */
interface StackPlace {
  readonly at: number
  readonly staticBytes: number
}

interface BacktrackStack {
  readonly memory: number
  readonly top: number
}

export class RegExpStacks {
  readonly #memory: MemoryReader
  /** By isolate; null where none was found. */
  readonly #found = new Map<Address, StackPlace | null>()

  constructor(memory: MemoryReader) {
    this.#memory = memory
  }

  /** Takes 2 to 60 ms. False where it can't be told. */
  isMatching(isolate: Address): boolean {
    let place = this.#found.get(isolate)
    if (place === undefined) {
      place = this.#find(isolate)
      this.#found.set(isolate, place)
    }
    if (place === null) return false
    const before = this.#contents(place)
    if (before === null) return false
    for (let read = 1; read < READS; read++) {
      Atomics.wait(pauseCell, 0, 0, BETWEEN_MS)
      if (this.#contents(place)?.equals(before) === false) return true
    }
    return false
  }

  #find(isolate: Address): StackPlace | null {
    for (const length of ISOLATE_BYTES) {
      const bytes = Buffer.allocUnsafe(length)
      if (!this.#memory.peek(isolate, bytes)) continue
      for (let offset = 0; offset < length; offset += 8) {
        const word = wordAt(bytes, offset)
        if (word % 8 !== 0 || word <= 65_536) continue
        for (const staticBytes of STATIC_STACK_BYTES) {
          const place = { at: word, staticBytes }
          if (this.#stackAt(place) !== null) return place
        }
      }
      return null
    }
    return null
  }

  #stackAt({ at, staticBytes }: StackPlace): BacktrackStack | null {
    const bytes = Buffer.allocUnsafe(FIELDS_BYTES)
    if (!this.#memory.peek(toAddress(at + staticBytes), bytes)) return null
    const [memory, top, size, pointer] = [0, 8, 16, 24].map((offset) => wordAt(bytes, offset)) as [
      number,
      number,
      number,
      number,
    ]
    const isStack =
      size >= staticBytes &&
      size <= MAX_STACK_BYTES &&
      memory % 8 === 0 &&
      top === memory + size &&
      pointer >= memory &&
      pointer <= top &&
      // Its own static stack, or memory that it allocated when that was too small.
      (memory === at) === (size === staticBytes)
    return isStack ? { memory, top } : null
  }

  /** What lies below the top, where backtracking begins. */
  #contents(place: StackPlace): Buffer | null {
    const stack = this.#stackAt(place)
    if (stack === null) return null
    const bytes = Buffer.allocUnsafe(Math.min(stack.top - stack.memory, READ_BYTES))
    return this.#memory.peek(toAddress(stack.top - bytes.length), bytes) ? bytes : null
  }
}

function wordAt(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32
}
