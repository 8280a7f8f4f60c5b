/**
 * JavaScript objects as they lie in the heap: what kind a type is, how large an object is, what its class is called,
 * its own properties by name. Fast-mode properties through the Map's descriptors (src/objects/descriptor-array.tq,
 * property-details.h), dictionary ones through the NameDictionary (src/objects/dictionary.h); arrays and collections
 * where their tables lie (js-array.tq, js-collection.tq, ordered-hash-table.h).
 */
import { ClassNames } from './class-names.js'
import type { Functions } from './functions.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import { readPropertyLayout } from './property-layout.js'
import type { PropertyLayout } from './property-layout.js'

/** Fields of every JSObject, and of the collections (all four V8 versions). */
export const PROPERTIES_OFFSET = 8
export const ELEMENTS_OFFSET = 16
export const TABLE_OFFSET = 24
const ARRAY_LENGTH_OFFSET = 24

const MAX_DICTIONARY = 20_000
/** Where a variable-sized metadata object ends is not worth telling: it holds no settler. */
const METADATA_BYTES = 16_384

export interface Property {
  readonly name: string
  readonly value: Tagged
}

export class Objects {
  readonly heap: V8Heap
  readonly functions: Functions
  readonly #layouts = new Map<Tagged, PropertyLayout>()
  readonly #keys = new Map<Tagged, string>()
  readonly #classes: ClassNames
  readonly #fixedArrayEnd: number
  readonly #apiEnd: number
  readonly #metadata: ReadonlySet<number>
  readonly #sized: ReadonlySet<number>

  constructor(heap: V8Heap, functions: Functions) {
    this.heap = heap
    this.functions = functions
    this.#classes = new ClassNames(this)
    const { types, layout } = heap
    const after = [types.BYTE_ARRAY, types.FIXED_DOUBLE_ARRAY, types.EXTERNAL_POINTER_ARRAY]
    // Hash tables and their like are FixedArrays under numbers of their own, which are not exported.
    this.#fixedArrayEnd = Math.min(...after.filter((type) => type > types.FIXED_ARRAY))
    this.#apiEnd = layout.types['JS_DATA_VIEW'] ?? layout.ranges.firstApiObject + 1
    this.#metadata = new Set([types.FEEDBACK_VECTOR, types.SCOPE_INFO, types.PREPARSE_DATA])
    this.#sized = new Set([
      types.WEAK_FIXED_ARRAY,
      types.EMBEDDER_DATA_ARRAY,
      types.SCRIPT_CONTEXT_TABLE,
      types.TRUSTED_FIXED_ARRAY,
      types.PROTECTED_FIXED_ARRAY,
      types.OBJECT_BOILERPLATE_DESCRIPTION,
      types.CLOSURE_FEEDBACK_CELL_ARRAY,
    ])
  }

  /** Forgets what was read of objects and maps. */
  flush(): void {
    this.#layouts.clear()
    this.#keys.clear()
    this.#classes.flush()
  }

  isFixedArrayType(type: number): boolean {
    return type >= this.heap.types.FIXED_ARRAY && type < this.#fixedArrayEnd
  }

  /** Objects with properties that are no functions. */
  isObjectType(type: number): boolean {
    const { types } = this.heap
    return (
      (type >= this.heap.layout.ranges.specialApiObject && !this.heap.isFunctionType(type)) ||
      type === types.JS_GLOBAL_OBJECT ||
      type === types.JS_GLOBAL_PROXY ||
      type === types.JS_MODULE_NAMESPACE
    )
  }

  isObject(object: Tagged): boolean {
    return this.isObjectType(this.heap.typeOf(object))
  }

  /** Objects made from a C++ template: they have embedder fields. */
  isApiType(type: number): boolean {
    const { ranges } = this.heap.layout
    return (type >= ranges.firstApiObject && type < this.#apiEnd) || type === ranges.specialApiObject
  }

  /** Bytes of an object of that type; NaN where that can't be told. */
  sizeOf(object: Tagged, map: Tagged, type: number): number {
    const { heap } = this
    const { types } = heap
    const words = heap.uint32(map, heap.layout.map.sizeInWords) & 0xff
    if (words !== 0) return words * 8
    const length = (): number => heap.smi(object, heap.layout.array.length) ?? Number.NaN
    if (this.isFixedArrayType(type) || heap.isContextType(type) || this.#sized.has(type)) return 16 + 8 * length()
    if (type === types.PROPERTY_ARRAY) return 16 + 8 * (length() & 1023)
    if (type === types.WEAK_ARRAY_LIST || type === types.ARRAY_LIST) return 24 + 8 * length()
    if (type === types.DESCRIPTOR_ARRAY || type === types.STRONG_DESCRIPTOR_ARRAY) {
      return heap.layout.descriptors.header + 24 * heap.uint16(object, 8)
    }
    return this.#metadata.has(type) ? METADATA_BYTES : Number.NaN
  }

  /** Whether an object's words are data and no references. */
  isRawType(type: number): boolean {
    const { types } = this.heap
    return (
      this.heap.isStringType(type) ||
      type === types.BYTE_ARRAY ||
      type === types.FIXED_DOUBLE_ARRAY ||
      type === types.BYTECODE_ARRAY ||
      type === types.HEAP_NUMBER ||
      type === types.TRUSTED_BYTE_ARRAY ||
      type === types.FREE_SPACE
    )
  }

  /** A property key as text: `name`, `[description]` of a symbol, `#name` of a private one. */
  keyText(key: Tagged): string {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    const { heap } = this
    let text = ''
    if (heap.isString(key)) text = heap.string(key, 200) ?? ''
    else if (heap.is(key, 'SYMBOL')) {
      // src/objects/name.tq, Symbol: hash, flags, description.
      const description = heap.string(heap.field(key, 16), 200) ?? ''
      text = description.startsWith('#') ? description : `[${description}]`
    }
    this.#keys.set(key, text)
    return text
  }

  /** The function (or template) a map's objects were made by. */
  constructorOf(map: Tagged): Tagged {
    return this.#classes.constructorOf(map)
  }

  /** Class of an object; '' when it has none. */
  className(object: Tagged): string {
    return this.#classes.nameOf(this.heap.field(object, 0))
  }

  classNameOfMap(map: Tagged): string {
    return this.#classes.nameOf(map)
  }

  /** Script name of the class, null for builtins and templates. */
  classScript(object: Tagged): string | null {
    return this.#classes.scriptOf(this.heap.field(object, 0))
  }

  layoutOf(map: Tagged): PropertyLayout {
    let layout = this.#layouts.get(map)
    if (layout === undefined) {
      layout = readPropertyLayout(this.heap, map)
      if (this.#layouts.size > 50_000) this.#layouts.clear()
      this.#layouts.set(map, layout)
    }
    return layout
  }

  /** Own properties with their raw values; accessors and constants that lie in the map are left out. */
  *properties(object: Tagged, limit = 400): Generator<Property> {
    const { heap } = this
    const map = heap.field(object, 0)
    if (!heap.isPointer(map)) return
    const layout = this.layoutOf(map)
    const store = heap.field(object, PROPERTIES_OFFSET)
    if (layout.dictionary) {
      yield* this.#dictionary(store, limit)
      return
    }
    let left = limit
    for (const slot of layout.slots) {
      if (slot.offset < 0 && slot.index < 0) continue
      if (left-- <= 0) return
      const value = slot.offset >= 0 ? heap.field(object, slot.offset) : heap.field(store, 16 + 8 * slot.index)
      yield { name: this.keyText(slot.key), value }
    }
  }

  *#dictionary(store: Tagged, limit: number): Generator<Property> {
    const { heap } = this
    const capacity = heap.smiOf(heap.element(store, 2)) ?? 0
    let left = limit
    for (let entry = 0; entry < Math.min(capacity, MAX_DICTIONARY) && left > 0; entry++) {
      const at = heap.layout.dictionaryStart + 3 * entry
      const key = heap.element(store, at)
      if (!heap.isString(key) && !heap.is(key, 'SYMBOL')) continue
      left--
      yield { name: this.keyText(key), value: heap.element(store, at + 1) }
    }
  }

  /** Raw value of an own property, undefined without one. */
  get(object: Tagged, name: string): Tagged | undefined {
    for (const property of this.properties(object)) if (property.name === name) return property.value
    return undefined
  }

  /** The first of several names an own property has: node renames its symbols between versions. */
  getAny(object: Tagged, names: readonly string[]): Tagged | undefined {
    for (const property of this.properties(object)) if (names.includes(property.name)) return property.value
    return undefined
  }

  getObject(object: Tagged, names: readonly string[]): Tagged {
    const value = this.getAny(object, names)
    return value !== undefined && this.isObject(value) ? value : 0
  }

  getText(object: Tagged, names: readonly string[], maxChars = 2_000): string | null {
    const value = this.getAny(object, names)
    return value === undefined ? null : this.heap.string(value, maxChars)
  }

  getNumber(object: Tagged, names: readonly string[]): number | null {
    const value = this.getAny(object, names)
    return value === undefined ? null : this.number(value)
  }

  getBoolean(object: Tagged, names: readonly string[]): boolean | null {
    const text = this.oddball(this.getAny(object, names) ?? 0)
    return text === 'true' ? true : text === 'false' ? false : null
  }

  /** A Smi or heap number as a number; null for anything else. */
  number(value: Tagged): number | null {
    const { heap } = this
    const smi = heap.smiOf(value)
    if (smi !== null) return smi
    if (!heap.is(value, 'HEAP_NUMBER')) return null
    const low = heap.uint32(value, 8)
    const high = heap.uint32(value, 12)
    return new Float64Array(Uint32Array.of(low, high).buffer)[0] ?? null
  }

  /** `undefined`, `null`, `true`, `false`; null when the value is no oddball. */
  oddball(value: Tagged): string | null {
    // src/objects/oddball.tq: to_number_raw, to_string.
    return this.heap.is(value, 'ODDBALL') ? this.heap.string(this.heap.field(value, 16), 20) : null
  }

  /** Length of a JSArray; null when it is none. */
  arrayLength(object: Tagged): number | null {
    return this.heap.is(object, 'JS_ARRAY') ? this.number(this.heap.field(object, ARRAY_LENGTH_OFFSET)) : null
  }
}
