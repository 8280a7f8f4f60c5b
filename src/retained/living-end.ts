/** The end of a way that lives by itself, of those that a search came to. */
import type { Finding, StepKey } from '../awaits/search/wait-search.js'
import type { V8Heap } from '../v8/heap/heap.js'

/** A module's variable or the global object before a resource, and that before a suspended function. */
export function livingEnd(heap: V8Heap, finding: Finding): StepKey | null {
  const root = finding.ends.find(({ kind }) => kind === 'root') ?? finding.ends[0]
  if (root !== undefined) return root.key
  const { types } = heap
  const generators: ReadonlySet<number> = new Set([
    types.JS_ASYNC_FUNCTION_OBJECT,
    types.JS_ASYNC_GENERATOR_OBJECT,
    types.JS_GENERATOR_OBJECT,
  ])
  for (const [key, step] of finding.steps) if (step !== null && generators.has(step.type)) return key
  return null
}
