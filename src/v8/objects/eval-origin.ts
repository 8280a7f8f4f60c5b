/**
 * What code is called that `eval` or `new Function` made, and that names itself by no `sourceURL`: as V8's own stacks
 * do, `eval at outer (/app/file.js:10:5)` (src/objects/call-site-info.cc, FormatEvalOrigin), the place being that of
 * the call, in the function that made it (Script::eval_from_shared, eval_from_position).
 */
import type { FunctionInfo, Functions } from './functions.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import type { LineColumn } from './scripts.js'

/** Null when `script` was not made by an evaluation, or whose it was can't be told. */
export function evalOrigin(heap: V8Heap, functions: Functions, script: Tagged): string | null {
  const { evalFromShared, evalFromPosition } = heap.layout.script
  if (evalFromShared < 0 || evalFromPosition < 0) return null
  const maker = functions.info(heap.field(script, evalFromShared))
  // For a wrapped function (CommonJS) the field holds its arguments.
  if (maker === null) return null
  const name = maker.name ?? '<anonymous>'
  const place = placeOf(functions, maker, heap.smi(script, evalFromPosition))
  const file = maker.script?.name ?? null
  if (file === null) return `eval at ${name} (unknown source)`
  // An evaluation within an evaluation has no place of its own in V8's text.
  if (file.startsWith('eval at ')) return `eval at ${name} (${file})`
  return `eval at ${name} (${file}${place === null ? '' : `:${place.line}:${place.column}`})`
}

/** Negative: a bytecode offset that V8 has not yet made a position of (Script::GetEvalPosition). */
function placeOf(functions: Functions, maker: FunctionInfo, position: number | null): LineColumn | null {
  if (position === null) return null
  if (position < 0) return functions.lineOfBytecode(maker, maker.bytecode, -position)
  return maker.script?.lineColumn(position) ?? null
}
