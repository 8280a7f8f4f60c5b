/**
 * The Code object that a program counter lies in. Generated code carries no names: the InstructionStream before the
 * pc is found by its header (map, then a reference to the Code), searching backwards in the mapping.
 */
import { toAddress } from '../../model/address.js'
import type { Mapping } from '../../platform/procfs/maps.js'
import type { Tagged, V8Heap } from '../heap/heap.js'

/** Longest distance from a pc back to the start of its code. Functions beyond that keep only their definition. */
const MAX_BACK = 4 << 20
const CHUNK = 4096
const MAX_CODES = 4096
const MAX_PCS = 20_000

export interface CodeObject {
  readonly address: Tagged
  /** First instruction. */
  readonly start: number
  readonly sizeBytes: number
  /** CodeKind (src/objects/code-kind.h). */
  readonly kind: number
}

export class CodeObjects {
  readonly #heap: V8Heap
  readonly #known: CodeObject[] = []
  /** By pc: code, or null for what lies in the binary, which stays where it is. */
  readonly #byPc = new Map<number, CodeObject | null>()
  readonly #byAddress = new Map<Tagged, CodeObject>()
  readonly #chunk = Buffer.allocUnsafe(CHUNK)
  /** Map of InstructionStream, once one was seen: it is the same object for every stream. */
  #streamMap = 0

  constructor(heap: V8Heap) {
    this.#heap = heap
  }

  flush(): void {
    this.#known.length = 0
    this.#byPc.clear()
    this.#byAddress.clear()
  }

  /** Whether a pc lies where code is generated, not in a builtin: those lie in the binary, or a second mapping of it. */
  isGenerated(pc: number): boolean {
    return this.#generatedAt(pc) !== null
  }

  #generatedAt(pc: number): Mapping | null {
    const mapping = this.#heap.memory.mappingOf(toAddress(pc))
    return mapping?.executable === true && mapping.path === '' ? mapping : null
  }

  /** Null when the pc lies in no generated code: in a builtin of the binary, or in nothing that can be told. */
  at(pc: number): CodeObject | null {
    const before = this.#byPc.get(pc)
    if (before !== undefined) return before
    const code = this.#at(pc)
    // Generated code that was not found may have been written just then.
    if (code || !this.isGenerated(pc)) {
      if (this.#byPc.size >= MAX_PCS) this.#byPc.clear()
      this.#byPc.set(pc, code)
    }
    return code
  }

  #at(pc: number): CodeObject | null {
    const known = this.#known.find((code) => pc > code.start && pc <= code.start + code.sizeBytes)
    if (known) return known
    const mapping = this.#generatedAt(pc)
    if (!mapping) return null
    const code = this.#search(pc, Math.max(mapping.start, pc - MAX_BACK))
    if (code && this.#known.length < MAX_CODES) this.#known.push(code)
    return code
  }

  #search(pc: number, lowest: number): CodeObject | null {
    const chunk = this.#chunk
    let end = pc - (pc % 8) + 8
    while (end > lowest) {
      const start = Math.max(lowest - (lowest % 8), end - CHUNK)
      const length = end - start
      const bytes = chunk.subarray(0, length)
      if (!this.#heap.memory.peek(toAddress(start), bytes)) return null
      for (let offset = length - 8; offset >= 0; offset -= 8) {
        const low = bytes.readUInt32LE(offset)
        if ((low & 3) !== 1) continue
        const word = low + bytes.readUInt32LE(offset + 4) * 2 ** 32
        if (!this.#isStreamMap(word)) continue
        const code = this.#codeOfStream(start + offset + 1, pc)
        if (code) return code
      }
      end = start
    }
    return null
  }

  #isStreamMap(word: Tagged): boolean {
    if (this.#streamMap !== 0) return word === this.#streamMap
    return this.#heap.typeOfMap(word) === this.#heap.types.INSTRUCTION_STREAM
  }

  #codeOfStream(stream: Tagged, pc: number): CodeObject | null {
    for (const offset of this.#heap.layout.code.streamToCode) {
      const code = this.ofCode(this.#heap.field(stream, offset))
      if (code && pc > code.start && pc <= code.start + code.sizeBytes) {
        this.#streamMap = this.#heap.field(stream, 0)
        return code
      }
    }
    return null
  }

  /** What a Code object says of itself; null when `address` is none. */
  ofCode(address: Tagged): CodeObject | null {
    const known = this.#byAddress.get(address)
    if (known) return known
    const code = this.#read(address)
    if (this.#byAddress.size >= MAX_CODES) this.#byAddress.clear()
    if (code) this.#byAddress.set(address, code)
    return code
  }

  #read(address: Tagged): CodeObject | null {
    const heap = this.#heap
    if (!heap.is(address, 'CODE')) return null
    const { code } = heap.layout
    const start = heap.field(address, code.instructionStart)
    const sizeBytes = heap.uint32(address, code.instructionSize)
    if (!(start > 65_536) || sizeBytes === 0 || sizeBytes > 1 << 28) return null
    return { address, start, sizeBytes, kind: heap.uint32(address, code.flags) & code.kindMask }
  }
}
