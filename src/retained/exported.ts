/**
 * What an ES module exports lies in cells of its own, not in its scope: the table of its exports has the name of each, and
 * the function that is its code has the text.
 */
import type { DeclaredPlace } from '../model/wait.js'
import { declarationOf } from '../awaits/search/declared-at.js'
import { scanHolders } from '../awaits/search/reverse-scan.js'
import type { HeapBlocks } from '../v8/heap/heap-blocks.js'
import type { Tagged } from '../v8/heap/heap.js'
import type { ContainingObjects } from '../v8/objects/containing-object.js'
import type { Objects } from '../v8/objects/objects.js'

export interface Exported {
  readonly variable: string
  readonly declared: DeclaredPlace | null
}

/** Words of a module that are looked through for its code. */
const MODULE_WORDS = 24
const WANTED_PER_CELL = 8

/** By cell; those whose table of exports was not met are missing. */
export function exportedIn(
  objects: Objects,
  { blocks, containing }: { readonly blocks: HeapBlocks; readonly containing: ContainingObjects },
  cells: ReadonlySet<Tagged>,
  expired: () => boolean,
): ReadonlyMap<Tagged, Exported> {
  const { heap } = objects
  const names = new Map<Tagged, { readonly variable: string; readonly table: Tagged }>()
  const modules = new Map<Tagged, Tagged>()
  const found = new Map<Tagged, Exported>()
  if (cells.size === 0) return found
  const note = (target: Tagged, slot: number, want: (address: Tagged) => void): void => {
    const holder = containing.holderOf(slot)
    if (holder === null || holder === 'unclear') return
    if (!cells.has(target)) {
      if (holder.type === heap.types.SOURCE_TEXT_MODULE) modules.set(target, holder.object)
      return
    }
    // A hash table has each value behind its key; the module's own list of cells has no keys.
    if (names.has(target) || !objects.isFixedArrayType(holder.type)) return
    const variable = heap.string(heap.field(holder.object, holder.offset - 8), 200)
    if (variable === null || !/^[\w$]+$/.test(variable)) return
    names.set(target, { variable, table: holder.object })
    want(holder.object)
  }
  const enough = (): boolean => [...cells].every((cell) => modules.has(names.get(cell)?.table ?? 0))
  scanHolders(blocks, cells, note, { limit: cells.size * WANTED_PER_CELL, expired, enough })
  for (const [cell, { variable, table }] of names) {
    const code = codeOf(objects, modules.get(table) ?? 0)
    found.set(cell, { variable, declared: code === 0 ? null : declarationOf(objects, code, variable) })
  }
  return found
}

/** The function that a module's body is: its generator has it, from the beginning of its evaluation on. */
function codeOf({ heap }: Objects, module: Tagged): Tagged {
  if (module === 0) return 0
  const { types, layout } = heap
  for (let word = 1; word < MODULE_WORDS; word++) {
    const value = heap.field(module, 8 * word)
    const type = heap.typeOf(value)
    if (type === types.MAP) break
    if (type === types.JS_GENERATOR_OBJECT || type === types.JS_ASYNC_FUNCTION_OBJECT)
      return heap.field(value, layout.generator.function)
  }
  return 0
}
