/**
 * ScopeInfo (src/objects/scope-info.tq): a function's name and extent, and the names of its context's variables.
 *
 * Words after the map: flags, parameter count, context local count, then (13.6 on) start and end position; then the
 * module variable count of a module scope; local names or the hash table of them; local infos; saved class variable;
 * function variable (name, slot); inferred name; (before 13) start and end position. Flag bits 10, 12-13 and 14 say
 * which of these are there; the same in 11.3 to 14.6. Flags are a Smi up to 13.6 and raw 32 bits in 14.6.
 */
import type { Tagged, V8Heap } from '../heap/heap.js'

const HAS_SAVED_CLASS_VARIABLE = 1 << 10
const FUNCTION_VARIABLE = 3 << 12
const HAS_INFERRED_NAME = 1 << 14
const MAX_LOCALS = 100_000
const MAX_NAME = 512

export interface ScopeInfo {
  /** Name of the function that the scope belongs to; '' when anonymous. */
  readonly name: string
  readonly inferredName: string
  /** Offsets in the script's source; -1 when they can't be told. */
  readonly start: number
  readonly end: number
  readonly flags: number
  readonly contextLocals: number
  /** Index (in words after the map) of the local names, or of the hash table that holds them. */
  readonly firstLocal: number
}

const NONE: ScopeInfo = {
  name: '',
  inferredName: '',
  start: -1,
  end: -1,
  flags: 0,
  contextLocals: 0,
  firstLocal: 0,
}

export function readScopeInfo(heap: V8Heap, scope: Tagged): ScopeInfo {
  const { scopeInfo } = heap.layout
  const at = (index: number): number => 8 + 8 * index
  const word = (index: number): Tagged => heap.field(scope, at(index))
  const smi = (index: number): number | null => heap.smi(scope, at(index))
  const low = heap.uint32(scope, at(0))
  const flags = low === 0 ? heap.uint32(scope, at(0) + 4) : low
  const locals = smi(2)
  if (locals === null || locals < 0 || locals > MAX_LOCALS) return NONE
  let index = scopeInfo.firstVars
  // Only a module scope has a number here; a name or the hash table is a pointer.
  if (locals > 0 && !heap.isPointer(word(index))) index++
  const firstLocal = index
  index += (locals < scopeInfo.maxInlinedLocals ? locals : 1) + locals
  if ((flags & HAS_SAVED_CLASS_VARIABLE) !== 0) index++
  let name = ''
  if ((flags & FUNCTION_VARIABLE) !== 0) {
    name = heap.string(word(index), MAX_NAME) ?? ''
    index += 2
  }
  let inferredName = ''
  if ((flags & HAS_INFERRED_NAME) !== 0) {
    inferredName = heap.string(word(index), MAX_NAME) ?? ''
    index++
  }
  const positionsAt = scopeInfo.positionsInHeader ? [scopeInfo.firstVars - 2] : [index, index + 1]
  for (const first of positionsAt) {
    const start = smi(first)
    const end = smi(first + 1)
    if (start !== null && end !== null && start >= 0 && end >= start) {
      return { name, inferredName, start, end, flags, contextLocals: locals, firstLocal }
    }
  }
  return { name, inferredName, start: -1, end: -1, flags, contextLocals: locals, firstLocal }
}

/** ScopeInfo of a context, tagged; 0 when it has none. */
export function scopeOfContext(heap: V8Heap, context: Tagged): Tagged {
  const scope = heap.contextSlot(context, heap.layout.context.scopeInfoIndex)
  return heap.is(scope, 'SCOPE_INFO') ? scope : 0
}

export interface ContextVariable {
  readonly name: string
  /** Slot index as `contextSlot` takes it. */
  readonly slot: number
  readonly value: Tagged
}

/** The variables a context holds, by name. Bounded by `limit`. */
export function contextVariables(heap: V8Heap, context: Tagged, limit = 200): ContextVariable[] {
  const scope = scopeOfContext(heap, context)
  if (scope === 0) return []
  const info = readScopeInfo(heap, scope)
  const length = heap.smi(context, heap.layout.context.length) ?? 0
  // Locals are the last slots, followed by the function's own variable where that lives in the context (value 2).
  const ownVariable = (info.flags & FUNCTION_VARIABLE) >> 12 === 2 ? 1 : 0
  const header = length - info.contextLocals - ownVariable
  if (header < heap.layout.context.extensionIndex || header > 4) return []
  const names = localNames(heap, scope, info, limit)
  const variables: ContextVariable[] = []
  for (const [index, name] of names) {
    if (variables.length >= limit) break
    variables.push({ name, slot: header + index, value: heap.contextSlot(context, header + index) })
  }
  return variables
}

function localNames(heap: V8Heap, scope: Tagged, info: ScopeInfo, limit: number): [number, string][] {
  const names: [number, string][] = []
  const wordAt = (index: number): Tagged => heap.field(scope, 8 + 8 * index)
  if (info.contextLocals < heap.layout.scopeInfo.maxInlinedLocals) {
    for (let index = 0; index < info.contextLocals && names.length < limit; index++) {
      const name = heap.string(wordAt(info.firstLocal + index), MAX_NAME)
      if (name !== null) names.push([index, name])
    }
    return names
  }
  // NameToIndexHashTable: element count, deleted, capacity, then pairs of name and index from element 3 on
  // (src/objects/hash-table.h, entry size 2, prefix size 0).
  const table = wordAt(info.firstLocal)
  const capacity = heap.smiOf(heap.element(table, 2)) ?? 0
  for (let entry = 0; entry < Math.min(capacity, MAX_LOCALS) && names.length < limit; entry++) {
    const name = heap.string(heap.element(table, 3 + 2 * entry), MAX_NAME)
    const index = heap.smiOf(heap.element(table, 4 + 2 * entry))
    if (name !== null && index !== null) names.push([index, name])
  }
  return names
}
