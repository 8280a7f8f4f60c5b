/** What optimized code holds inlined, as its deoptimization data tells. */
import type { FunctionInfo, Functions } from '../objects/functions.js'
import type { Tagged, V8Heap } from '../heap/heap.js'

/** InliningPosition (src/codegen/source-position.h): a position of 8 bytes, a function id of 4, padding. */
export const INLINING_ENTRY = 16

/** An entry of an array whose length the code itself vouches for. */
export function entryOf(heap: V8Heap, array: Tagged, index: number): Tagged {
  return heap.field(array, heap.layout.array.data + 8 * index)
}

/**
 * The function with this id in the literals; null when there is none. The literal array holds SharedFunctionInfos,
 * weakly or (13.6 on) in a wrapper, in one of two arrays.
 */
export function inlinedFunction(
  heap: V8Heap,
  functions: Functions,
  deoptimization: Tagged,
  id: number,
): FunctionInfo | null {
  if (id < 0) return null
  for (const index of new Set([heap.layout.deoptimization.literals, 2])) {
    const literals = entryOf(heap, deoptimization, index)
    if (!heap.isPointer(literals)) continue
    let literal = heap.strong(entryOf(heap, literals, id))
    if (heap.is(literal, 'SHARED_FUNCTION_INFO_WRAPPER')) literal = heap.field(literal, 8)
    const info = functions.info(literal)
    if (info) return info
  }
  return null
}
