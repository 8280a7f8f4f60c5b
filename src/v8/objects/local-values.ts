/**
 * Values that a function can use, of whichever kind: one that is suspended, or one on a stack. V8 keeps the names of
 * variables that live in a context (those that a closure uses); arguments have theirs from the source text, where they
 * are plain. Other variables live in registers, whose names are nowhere in memory.
 */
import type { LocalValue } from '../../model/frame.js'
import type { FunctionInfo } from './functions.js'
import type { Tagged } from '../heap/heap.js'
import type { Objects } from './objects.js'
import { contextVariables } from './scopes.js'
import { valueText } from './values.js'
import type { CodeScopes } from './code-scopes.js'

export const MAX_VALUES = 24
export const MAX_REGISTERS = 8
const MAX_SCOPES = 8
const MAX_HEAD = 400

export function receiverValue(objects: Objects, self: Tagged): LocalValue[] {
  const value = objects.heap.is(self, 'JS_OBJECT') ? valueText(objects, self) : null
  return value === null ? [] : [{ name: 'this', value }]
}

/** From the innermost scope out to the module's, which is not the function's own any more. */
export function contextValues(objects: Objects, scopes: CodeScopes, innermost: Tagged): LocalValue[] {
  const { heap } = objects
  const values: LocalValue[] = []
  let context = innermost
  for (let depth = 0; depth < MAX_SCOPES && heap.isContext(context); depth++) {
    const type = heap.typeOf(context)
    if (scopes.isNativeContextType(type) || scopes.isModuleScope(context, type)) break
    for (const variable of contextVariables(heap, context, MAX_VALUES)) {
      const value = valueText(objects, scopes.unwrapCell(variable.value))
      if (value !== null && variable.name !== 'this') values.push({ name: variable.name, value })
    }
    context = heap.contextSlot(context, heap.layout.context.previousIndex)
  }
  return values
}

/** `(order, retries)` as written; empty where there is a default, a pattern or a rest. */
export function parameterNames(info: FunctionInfo): string[] {
  const { script, start } = info
  const head = script === null || start < 0 ? null : script.source(start, MAX_HEAD)
  // A function's start is its parameter list, or the name of an arrow function's only parameter.
  const list = /^\(([\w$,\s]*)\)/.exec(head ?? '')?.[1] ?? /^([\w$]+)\s*=>/.exec(head ?? '')?.[1]
  return list === undefined ? [] : list.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
}
