/**
 * Arguments and variables of a suspended function. Variables that a closure uses live in a context and have their
 * names there; the others live in the generator's saved registers, of which V8 keeps no names: only the arguments'
 * are known, from the source text, where they are plain.
 */
import type { LocalValue } from '../../model/frame.js'
import type { Tagged } from '../heap.js'
import type { Objects } from '../objects.js'
import { contextVariables } from '../scopes.js'
import { valueText } from '../values.js'
import type { CodeScopes } from '../waits/code-scopes.js'
import type { Suspended } from './suspended.js'

const MAX_VALUES = 24
const MAX_REGISTERS = 8
const MAX_SCOPES = 8
const MAX_HEAD = 400

export function suspendedLocals(objects: Objects, scopes: CodeScopes, one: Suspended): LocalValue[] {
  const values = [...receiver(objects, one), ...contextValues(objects, scopes, one)]
  const known = new Set(values.map((value) => value.name))
  const registers = registerValues(objects, one)
  return [...values, ...registers.filter((value) => !known.has(value.name))].slice(0, MAX_VALUES)
}

function receiver(objects: Objects, one: Suspended): LocalValue[] {
  const { heap } = objects
  const self = heap.field(one.generator, heap.layout.generator.receiver)
  if (!heap.is(self, 'JS_OBJECT')) return []
  const value = valueText(objects, self)
  return value === null ? [] : [{ name: 'this', value }]
}

/** From the innermost scope out to the module's, which is not the function's own any more. */
function contextValues(objects: Objects, scopes: CodeScopes, one: Suspended): LocalValue[] {
  const { heap } = objects
  const values: LocalValue[] = []
  let context = heap.field(one.generator, heap.layout.generator.context)
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

/** parameters_and_registers: the arguments, then the interpreter's registers. */
function registerValues(objects: Objects, one: Suspended): LocalValue[] {
  const { heap } = objects
  const saved: Tagged = heap.field(one.generator, heap.layout.generator.registers)
  const names = parameterNames(one)
  const values: LocalValue[] = []
  const length = heap.arrayLength(saved)
  for (let i = 0; i < length && values.length < names.length + MAX_REGISTERS; i++) {
    const value = valueText(objects, heap.element(saved, i))
    const name = names[i]
    if (
      value === null ||
      (name === undefined && (value === 'undefined' || isInternal(objects, heap.element(saved, i))))
    ) {
      continue
    }
    values.push({ name: name ?? `register ${i - names.length}`, value })
  }
  return values
}

/** The generator itself and its promise are kept in registers too. */
function isInternal(objects: Objects, value: Tagged): boolean {
  const type = objects.heap.typeOf(value)
  const { types } = objects.heap
  return (
    type === types.JS_ASYNC_FUNCTION_OBJECT || type === types.JS_ASYNC_GENERATOR_OBJECT || type === types.JS_PROMISE
  )
}

/** `(order, retries)` as written; empty where there is a default, a pattern or a rest. */
function parameterNames(one: Suspended): string[] {
  const { script, start } = one.function
  const head = script === null || start < 0 ? null : script.source(start, MAX_HEAD)
  // A function's start is its parameter list, or the name of an arrow function's only parameter.
  const list = /^\(([\w$,\s]*)\)/.exec(head ?? '')?.[1] ?? /^([\w$]+)\s*=>/.exec(head ?? '')?.[1]
  return list === undefined ? [] : list.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
}
