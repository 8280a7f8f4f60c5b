/**
 * Numbers of bytecodes that are told apart (src/interpreter/bytecodes.h numbers them by their place in
 * BYTECODE_LIST). Read off `--print-bytecode` of Node 20.20.2, 22.23.3, 24.21.0 and 26.10.0.
 */
import type { V8Family } from './layout.js'

/** `JumpLoop`: every loop of JavaScript's own ends with it, and nothing else has one. */
export const JUMP_LOOP: Readonly<Record<V8Family, number>> = { '11.3': 0x89, '12.4': 0x8e, '13.6': 0x92, '14.6': 0x95 }
