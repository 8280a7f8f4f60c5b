/**
 * Where the variable of a scope is declared. A scope does not say whose text it belongs to: a closure that was made in it
 * does, and its script's text has the declaration.
 */
import type { DeclaredPlace } from '../../model/wait.js'
import { scanHolders } from './reverse-scan.js'
import type { HeapBlocks } from '../../v8/heap/heap-blocks.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { ContainingObjects } from '../../v8/objects/containing-object.js'
import type { Objects } from '../../v8/objects/objects.js'
import { scriptPath } from '../../v8/objects/scripts.js'

const MAX_TEXT = 4 << 20

/** One closure of each scope, by one pass over the heap; those of which none is left are missing. */
export function closuresOf(
  objects: Objects,
  { blocks, containing }: { readonly blocks: HeapBlocks; readonly containing: ContainingObjects },
  scopes: ReadonlySet<Tagged>,
  expired: () => boolean,
): ReadonlyMap<Tagged, Tagged> {
  const { heap } = objects
  const found = new Map<Tagged, Tagged>()
  if (scopes.size === 0) return found
  const note = (scope: Tagged, slot: number): void => {
    if (found.has(scope)) return
    const holder = containing.holderOf(slot)
    if (holder === null || holder === 'unclear' || !heap.isFunctionType(holder.type)) return
    if (holder.offset !== heap.layout.jsFunction.context) return
    if (objects.functions.ofFunction(holder.object)?.script != null) found.set(scope, holder.object)
  }
  scanHolders(blocks, scopes, note, { limit: scopes.size, expired, enough: () => found.size === scopes.size })
  return found
}

export function declarationOf(objects: Objects, closure: Tagged, variable: string): DeclaredPlace | null {
  const info = objects.functions.ofFunction(closure)
  const script = info?.script ?? null
  const file = script === null ? null : scriptPath(script.name)
  if (info === null || script === null || file === null || !/^[\w$]+$/.test(variable)) return null
  const text = script.source(0, Math.min(script.sourceLength ?? 0, MAX_TEXT))
  const at = text === null ? null : script.lineColumn(declaredAt(text, variable, info.start))
  return at === null ? null : { variable, file, line: at.line, column: at.column }
}

/** The last declaration before the closure, else the first one, else where the closure is. */
function declaredAt(text: string, variable: string, closureAt: number): number {
  const name = variable.replaceAll('$', '\\$')
  const declared = [...text.matchAll(new RegExp(`\\b(?:const|let|var|class|function\\*?)\\s+${name}(?![\\w$])`, 'g'))]
  const before = declared.findLast(({ index }) => index <= closureAt)
  return (before ?? declared[0])?.index ?? Math.max(0, closureAt)
}
