/** Types that a search from resources does not go through: they lead everywhere, or nowhere. */
import type { V8Heap } from '../../v8/heap/heap.js'

export function closedTypes(heap: V8Heap): ReadonlySet<number> {
  const { types } = heap
  return new Set([
    types.MAP,
    types.SHARED_FUNCTION_INFO,
    types.SCRIPT,
    types.SCOPE_INFO,
    types.FEEDBACK_CELL,
    types.FEEDBACK_VECTOR,
    types.CODE,
    types.HEAP_NUMBER,
    types.ODDBALL,
    types.SYMBOL,
    types.DESCRIPTOR_ARRAY,
    types.STRONG_DESCRIPTOR_ARRAY,
    types.PROTOTYPE_INFO,
    types.JS_GLOBAL_OBJECT,
    types.JS_GLOBAL_PROXY,
    types.WEAK_CELL,
    types.BYTE_ARRAY,
    types.FIXED_DOUBLE_ARRAY,
    types.FUNCTION_TEMPLATE_INFO,
    types.ACCESSOR_PAIR,
    types.SOURCE_TEXT_MODULE,
    types.JS_WEAK_REF,
    types.JS_ASYNC_FUNCTION_OBJECT,
    types.JS_ASYNC_GENERATOR_OBJECT,
    types.JS_GENERATOR_OBJECT,
    types.BYTECODE_ARRAY,
    types.JS_TYPED_ARRAY,
    types.JS_ARRAY_BUFFER,
  ])
}
