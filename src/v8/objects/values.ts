/** A JavaScript value as a short text: for `--locals` only, always bounded, redacted by whoever prints it. */
import type { Tagged } from '../heap/heap.js'
import type { Objects } from './objects.js'

const MAX_STRING = 80
const MAX_PROPERTIES = 5

/** `"text"`, `42`, `true`, `handler()`, `Array(3)`, `Order {id: 7, state: "open"}`; null for what is no value (a hole). */
export function valueText(objects: Objects, value: Tagged, depth = 1): string | null {
  const { heap } = objects
  const number = objects.number(value)
  if (number !== null) return String(number)
  if (!heap.isPointer(value)) return null
  const type = heap.typeOf(value)
  if (heap.isStringType(type)) return quoted(heap.string(value, MAX_STRING + 1) ?? '')
  const oddball = objects.oddball(value)
  if (oddball !== null) return ['undefined', 'null', 'true', 'false'].includes(oddball) ? oddball : null
  if (type === heap.types.SYMBOL) return `Symbol(${objects.keyText(value).replace(/^\[|\]$/g, '')})`
  if (heap.isFunctionType(type)) return `${objects.functions.ofFunction(value)?.name ?? ''}()`
  if (type === heap.types.JS_ARRAY) return `Array(${objects.arrayLength(value) ?? '?'})`
  if (!objects.isObjectType(type)) return null
  const name = objects.className(value) || 'Object'
  return depth === 0 || type !== heap.types.JS_OBJECT ? name : `${name} ${propertiesText(objects, value, depth)}`
}

function propertiesText(objects: Objects, object: Tagged, depth: number): string {
  const parts: string[] = []
  for (const property of objects.properties(object, 20)) {
    if (parts.length === MAX_PROPERTIES) {
      parts.push('...')
      break
    }
    const text = valueText(objects, property.value, depth - 1)
    if (text !== null) parts.push(`${property.name}: ${text}`)
  }
  return `{${parts.join(', ')}}`
}

function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_STRING ? `${text.slice(0, MAX_STRING)}...` : text)
}
