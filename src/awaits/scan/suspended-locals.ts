/**
 * Arguments and variables of a suspended function. Variables that a closure uses live in a context and have their
 * names there; the others live in the generator's saved registers, of which V8 keeps no names: only the arguments'
 * are known, from the source text, where they are plain.
 */
import type { LocalValue } from '../../model/frame.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import {
  contextValues,
  MAX_REGISTERS,
  MAX_VALUES,
  parameterNames,
  receiverValue,
} from '../../v8/objects/local-values.js'
import { valueText } from '../../v8/objects/values.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Suspended } from './suspended.js'
import { receiverOf, registersOf, scopeOf } from '../../v8/objects/suspended-frame.js'

export function suspendedLocals(objects: Objects, scopes: CodeScopes, one: Suspended): LocalValue[] {
  const context = scopeOf(objects.heap, one)
  const self = receiverOf(objects.heap, one)
  const values = [...receiverValue(objects, self), ...contextValues(objects, scopes, context)]
  const known = new Set(values.map((value) => value.name))
  const registers = registerValues(objects, one)
  return [...values, ...registers.filter((value) => !known.has(value.name))].slice(0, MAX_VALUES)
}

/** parameters_and_registers: the arguments, then the interpreter's registers. */
function registerValues(objects: Objects, one: Suspended): LocalValue[] {
  const { heap } = objects
  const saved: Tagged = registersOf(heap, one)
  const names = parameterNames(one.function)
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
