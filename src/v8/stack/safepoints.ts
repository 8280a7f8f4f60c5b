/**
 * The safepoint table of optimized code: one entry for each place that a call returns to. It lies right behind the
 * instructions (src/codegen/safepoint-table.h, src/codegen/maglev-safepoint-table.h).
 *
 * Code that is thrown away while a call of its is under way gets that call's return address redirected to a
 * trampoline at its end (Deoptimizer::DeoptimizeMarkedCode in src/deoptimizer/deoptimizer.cc), where no source position
 * belongs. V8 finds the entry by either address (SafepointTable::FindEntry), and so do we.
 */
import { toAddress } from '../../model/address.js'
import type { V8Heap } from '../heap/heap.js'
import { MAGLEV_SAFEPOINTS, TURBOFAN_SAFEPOINTS } from '../layouts/safepoint-figures.js'
import type { CodeObject } from './code-objects.js'

const MAX_ENTRIES = 65_536

export interface Safepoint {
  /** Bytes from the first instruction to where the call returns to, when nothing redirects it. */
  readonly pc: number
  /** Which deoptimization entry describes the frames there; null when none does. */
  readonly deoptimization: number | null
}

/** The entry of a return address, `returnOffset` bytes into the code; null when the table has none. */
export function safepointAt(heap: V8Heap, code: CodeObject, returnOffset: number, maglev: boolean): Safepoint | null {
  const header = maglev ? MAGLEV_SAFEPOINTS : TURBOFAN_SAFEPOINTS[heap.layout.family]
  const table = code.start + code.sizeBytes
  const count = heap.memory.u32(toAddress(table + header.count))
  const configuration = heap.memory.u32(toAddress(table + header.configuration))
  // One bit "has deopt data", then three sizes of three bits: registers, pc, deopt index.
  const hasDeoptimization = (configuration & 1) === 1
  const registerBytes = (configuration >> 1) & 7
  const pcBytes = (configuration >> 4) & 7
  const indexBytes = (configuration >> 7) & 7
  if (!hasDeoptimization || pcBytes === 0 || pcBytes > 4 || indexBytes > 4) return null
  if (count === 0 || count > MAX_ENTRIES) return null
  // pc, index + 1, trampoline + 1, registers; in Maglev's one byte of extra spill slots.
  const entryBytes = pcBytes + indexBytes + pcBytes + registerBytes + (maglev ? 1 : 0)
  const bytes = Buffer.allocUnsafe(count * entryBytes)
  if (!heap.memory.read(toAddress(table + header.size), bytes)) return null
  for (let at = 0; at < bytes.length; at += entryBytes) {
    const pc = bytes.readUIntLE(at, pcBytes)
    const trampoline = bytes.readUIntLE(at + pcBytes + indexBytes, pcBytes) - 1
    if (pc !== returnOffset && trampoline !== returnOffset) continue
    const index = indexBytes === 0 ? 0 : bytes.readUIntLE(at + pcBytes, indexBytes)
    return { pc, deoptimization: index === 0 ? null : index - 1 }
  }
  return null
}
