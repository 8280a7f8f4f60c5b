/**
 * Baseline (Sparkplug) code: which bytecode a program counter belongs to. The code's position field holds one number
 * a bytecode, how many bytes of machine code it became (src/baseline/bytecode-offset-iterator.h); the first is the
 * prologue. Bytecode lengths come from `Bytecodes::kBytecodeSizes`, by operand scale.
 */
import { toAddress } from '../../model/address.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import { EXTRA_WIDE, WIDE } from '../layouts/bytecodes.js'
import type { CodeObject } from './code-objects.js'

const MAX_BYTECODE = 1 << 26

/** Bytecode offset for the machine-code offset `pcOffset` (of a return address); -1 when it can't be told. */
export function bytecodeOffsetOfPc(heap: V8Heap, code: CodeObject, pcOffset: number, bytecode: Tagged): number {
  const sizes = heap.layout.bytecodeSizes
  const table = heap.byteArray(heap.field(code.address, heap.layout.code.sourcePositions))
  const length = heap.is(bytecode, 'BYTECODE_ARRAY') ? heap.smi(bytecode, heap.layout.bytecode.length) : null
  if (!sizes || !table || length === null || length <= 0 || length > MAX_BYTECODE) return -1
  const bytes = Buffer.allocUnsafe(length)
  if (!heap.memory.read(toAddress(bytecode - 1 + heap.layout.bytecode.data), bytes)) return -1
  let at = 0
  const number = (): number => {
    let value = 0
    for (let scale = 1; at < table.length; scale *= 128) {
      const byte = table[at++] ?? 0
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    return Number.NaN
  }
  let end = number()
  let current = -1
  let next = 0
  while (end < pcOffset && at < table.length && next < length) {
    end += number()
    current = next
    next += bytecodeSize(sizes, bytes, next)
  }
  // A table that ends before the pc belongs to other code.
  return end >= pcOffset ? current : -1
}

/** Bytes of the bytecode at `offset`, its prefix included. */
export function bytecodeSize(sizes: readonly number[], bytes: Buffer, offset: number): number {
  const count = sizes.length / 3
  const first = bytes[offset] ?? 0
  const second = bytes[offset + 1] ?? 0
  if (first === WIDE) return 1 + (sizes[count + second] ?? 1)
  if (first === EXTRA_WIDE) return 1 + (sizes[2 * count + second] ?? 1)
  return sizes[first] || 1
}
