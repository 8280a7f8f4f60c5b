/** Where a function value is defined; of a bound one, the function behind it. */
import type { CodePlace } from '../../model/await.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'

/** JSBoundFunction::bound_target_function (src/objects/js-function.tq), after map, properties and elements. */
const BOUND_TARGET_OFFSET = 24
const MAX_BINDS = 5

/** Null when `value` is no function, or a builtin without a script. */
export function definitionOf(objects: Objects, value: Tagged): CodePlace | null {
  const { heap, functions } = objects
  let fn = value
  for (let i = 0; i < MAX_BINDS && heap.is(fn, 'JS_BOUND_FUNCTION'); i++) fn = heap.field(fn, BOUND_TARGET_OFFSET)
  const info = functions.ofFunction(fn)
  if (info === null) return null
  const at = functions.definition(info)
  return {
    function: info.name,
    file: scriptPath(info.script?.name ?? null),
    line: at?.line ?? null,
    column: at?.column ?? null,
  }
}
