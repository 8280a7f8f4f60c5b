/**
 * Whether a word is a return address, and where its call went. Official builds keep frame pointers in C, C++, builtins
 * and JavaScript; a word on the stack counts as a return address only when the instruction before it is a call
 * (Intel SDM vol. 2: E8 rel32, FF /2 with or without REX). JIT code is believed by its mapping.
 */
import { toAddress } from '../../model/address.js'
import type { CodeMap } from '../process/code-map.js'
import type { NativeProcess } from '../process/native-process.js'

/** The longest call instruction: FF /2 with SIB, 32-bit displacement and REX has 8; 7 without a prefix is the longest met. */
const LONGEST_CALL_BYTES = 7
const CALL_NEAR_BYTES = 5
const INDIRECT_LENGTHS = [2, 3, 4, 6, 7]

export type ReturnKind = 'native' | 'jit' | null

export class CallSites {
  readonly #native: NativeProcess
  readonly #code: CodeMap
  readonly #kinds = new Map<number, ReturnKind>()
  readonly #bytes = new Uint8Array(LONGEST_CALL_BYTES)

  constructor(native: NativeProcess, code: CodeMap) {
    this.#native = native
    this.#code = code
  }

  kindOf(word: number): ReturnKind {
    const known = this.#kinds.get(word)
    if (known !== undefined) return known
    const kind = this.#look(word)
    if (this.#kinds.size > 65_536) this.#kinds.clear()
    this.#kinds.set(word, kind)
    return kind
  }

  /** Start of the function that the call before a return address went to; null for indirect calls and unknown code. */
  targetOf(returnAddress: number): number | null {
    if (this.kindOf(returnAddress) !== 'native') return null
    const bytes = new Uint8Array(CALL_NEAR_BYTES)
    if (!this.#native.memory.read(toAddress(returnAddress - CALL_NEAR_BYTES), bytes) || bytes[0] !== 0xe8) return null
    return this.functionOf(returnAddress + new DataView(bytes.buffer).getInt32(1, true))
  }

  /** Start of the function that holds an address; null in JIT code and where no symbol covers it. */
  functionOf(address: number): number | null {
    const place = this.#code.placeOf(address)
    return place?.kind === 'native' ? place.start : null
  }

  /** Whether a frame that returns there runs JavaScript or a builtin: everything else is C or C++. */
  isJavaScript(returnAddress: number): boolean {
    const kind = this.kindOf(returnAddress)
    if (kind === 'jit') return true
    const place = this.#code.placeOf(returnAddress - 1)
    return place?.kind === 'native' && place.symbol?.startsWith('Builtins_') === true
  }

  #look(word: number): ReturnKind {
    const mapping = this.#code.mappingOf(word)
    if (!mapping) return null
    if (mapping.inode === 0) return mapping.path.startsWith('[v') ? null : 'jit'
    const bytes = this.#bytes
    if (!this.#native.memory.read(toAddress(word - LONGEST_CALL_BYTES), bytes)) return null
    if (bytes[LONGEST_CALL_BYTES - CALL_NEAR_BYTES] === 0xe8) return 'native'
    return INDIRECT_LENGTHS.some((length) => isIndirectCall(bytes, length)) ? 'native' : null
  }
}

function isIndirectCall(bytes: Uint8Array, length: number): boolean {
  const at = LONGEST_CALL_BYTES - length
  const hasRex = length > 2 && ((bytes[at] ?? 0) & 0xf0) === 0x40
  const opcode = hasRex ? at + 1 : at
  return bytes[opcode] === 0xff && ((bytes[opcode + 1] ?? 0) >> 3) % 8 === 2
}
