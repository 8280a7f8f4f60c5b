/**
 * Numbers of bytecodes that are told apart (src/interpreter/bytecodes.h numbers them by their place in
 * BYTECODE_LIST). Read off `--print-bytecode` of Node 20.20.2, 22.23.3, 24.21.0 and 26.10.0.
 */
import type { V8Family } from './layout.js'

/** Prefixes: the next bytecode has wide or extra-wide operands. */
export const WIDE = 0
export const EXTRA_WIDE = 1

/** `JumpLoop`: every loop of JavaScript's own ends with it, and nothing else has one. */
export const JUMP_LOOP: Readonly<Record<V8Family, number>> = { '11.3': 0x89, '12.4': 0x8e, '13.6': 0x92, '14.6': 0x95 }

/** `SwitchOnGeneratorState`: the first of every function that can be suspended, and of no other. */
export const SWITCH_ON_GENERATOR_STATE: Readonly<Record<V8Family, number>> = {
  '11.3': 0xae,
  '12.4': 0xb3,
  '13.6': 0xb8,
  '14.6': 0xbc,
}
