/** Which regular expression a stack is matching: the receiver of the builtin that called its code. */
import type { V8Heap } from '../heap/heap.js'
import type { MachineFrame } from './frames.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'

/** src/execution/frame-constants.h: the receiver lies above the return address. */
const RECEIVER = 16
/** src/objects/js-regexp.tq: data, source, flags, behind the three fields of a JSObject (all four V8 versions). */
const SOURCE = 32
/** The builtins of one call lie close together: exec below [Symbol.replace] below replace. */
const MAX_BUILTINS = 4
const MAX_PATTERN = 200

/** The pattern, as it was written; null where it can't be told. */
export function regExpOf(heap: V8Heap, window: StackWindow, frames: readonly MachineFrame[]): string | null {
  for (const frame of frames.filter(({ kind }) => kind === 'js').slice(0, MAX_BUILTINS)) {
    const receiver = window.word(frame.fp + RECEIVER)
    if (!heap.is(receiver, 'JS_REG_EXP')) continue
    const source = heap.string(heap.field(receiver, SOURCE), MAX_PATTERN)
    if (source !== null) return source
  }
  return null
}
