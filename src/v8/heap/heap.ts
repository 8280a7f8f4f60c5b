/**
 * The V8 heap layer: objects of a V8 heap as values over a MemoryReader. Knows no process, no thread, no file.
 *
 * What is in this room
 * - `heap.ts`        V8Heap: tagged words, fields, instance types, strings, FixedArrays, Smis, contexts
 * - `strings.ts`     every string representation, bounded
 * - `scopes.ts`      ScopeInfo: names, positions, variables by context slot
 * - `functions.ts`   SharedFunctionInfo and JSFunction: name by the one rule, script, extent, bytecode
 * - `scripts.ts`     Script: name, lines, `position -> line and column`
 * - `positions.ts`   source position tables, both encodings
 * - `generators.ts`  suspended functions: where one stands, who awaits its promise
 * - `isolates.ts`    the isolates of a process, their heap pages
 * - `layouts/`       where a build keeps all that: shipped, cached, or learnt by calibration
 * - `stack/`         JavaScript stacks of threads
 *
 * A tagged pointer is a plain number, as read. Nothing is trusted: a type counts only when the map's own map is a Map,
 * what can't be read is 0, `-1` or null, and every loop and length has a bound.
 */
import { ADDRESS_LIMIT, toAddress } from '../../model/address.js'
import type { MemoryReader } from '../../platform/memory/memory-reader.js'
import { INSTANCE_TYPES, NO_TYPE } from '../layouts/layout.js'
import type { InstanceType, V8Layout } from '../layouts/layout.js'
import { readString } from './strings.js'
import type { Tagged } from './tagged.js'

export type { Tagged } from './tagged.js'

const HIGH = 2 ** 32
/** Maps remembered before the cache starts anew. */
const MAX_MAPS = 200_000
/** A power of two. */
const FRONT = 1 << 12
const MAX_ARRAY = 1 << 24

export class V8Heap {
  readonly memory: MemoryReader
  readonly layout: V8Layout
  /** Instance types by name; `NO_TYPE` where this build has none of that name. */
  readonly types: Readonly<Record<InstanceType, number>>
  readonly #names = new Map<number, string>()
  readonly #types = new Map<number, number>()
  /**
   * Words that were asked about, each in the place that its address gives it, with their types. Those that are no Map are
   * kept only here: there are as many of them as objects, and to remember all took tens of megabytes.
   */
  readonly #frontMaps = new Float64Array(FRONT).fill(-1)
  readonly #frontTypes = new Int32Array(FRONT)
  readonly #instanceType: number

  constructor(memory: MemoryReader, layout: V8Layout) {
    this.memory = memory
    this.layout = layout
    this.types = Object.fromEntries(INSTANCE_TYPES.map((name) => [name, layout.types[name] ?? NO_TYPE])) as Record<
      InstanceType,
      number
    >
    for (const [name, value] of Object.entries(layout.types)) this.#names.set(value, name)
    this.#instanceType = layout.map.instanceType
  }

  /** Forgets what was read: the next look sees change. */
  flush(): void {
    this.memory.flush()
    this.#types.clear()
    this.#frontMaps.fill(-1)
  }

  /** A strong pointer into user space, by its bits alone. */
  isPointer(word: Tagged): boolean {
    // Not by `%`, which beyond 32 bits is a call of fmod: this is asked of each word.
    return (word & 3) === 1 && word > 65_536 && word < ADDRESS_LIMIT
  }

  /** A weak reference as a strong one; other words as they are. Cleared references (3) become 1, no pointer. */
  strong(word: Tagged): Tagged {
    return (word & 3) === 3 ? word - 2 : word
  }

  /** Raw word of a field; 0 when `object` is no pointer or can't be read. */
  field(object: Tagged, offset: number): Tagged {
    return this.isPointer(object) ? this.memory.word(toAddress(object - 1 + offset)) : 0
  }

  /** Untagged 32-bit field. */
  int32(object: Tagged, offset: number): number {
    return this.isPointer(object) ? this.memory.i32(toAddress(object - 1 + offset)) : 0
  }

  uint32(object: Tagged, offset: number): number {
    return this.isPointer(object) ? this.memory.u32(toAddress(object - 1 + offset)) : 0
  }

  uint16(object: Tagged, offset: number): number {
    return this.isPointer(object) ? this.memory.u16(toAddress(object - 1 + offset)) : 0
  }

  /** A Smi field; null when the word there is none. */
  smi(object: Tagged, offset: number): number | null {
    if (!this.isPointer(object)) return null
    const at = object - 1 + offset
    return this.memory.u32(toAddress(at)) === 0 ? this.memory.i32(toAddress(at + 4)) : null
  }

  /** A word as a Smi; null when it is none. Exact: a Smi's low half is 0. */
  smiOf(word: Tagged): number | null {
    return word >>> 0 === 0 ? (word / HIGH) | 0 : null
  }

  /** Instance type of what `map` describes; -1 unless it is a Map whose own map is a Map. */
  typeOfMap(map: Tagged): number {
    const place = (map >>> 3) & (FRONT - 1)
    if (this.#frontMaps[place] === map) return this.#frontTypes[place] ?? -1
    const type = this.#types.get(map) ?? this.#readType(map)
    this.#frontMaps[place] = map
    this.#frontTypes[place] = type
    return type
  }

  #readType(map: Tagged): number {
    if (this.isPointer(map)) {
      const meta = this.memory.word(toAddress(map - 1))
      if (this.isPointer(meta) && this.memory.u16(toAddress(meta - 1 + this.#instanceType)) === this.types.MAP) {
        const type = this.memory.u16(toAddress(map - 1 + this.#instanceType))
        if (this.#types.size >= MAX_MAPS) this.#types.clear()
        this.#types.set(map, type)
        return type
      }
    }
    return -1
  }

  /** Instance type of an object; -1 when the word is no pointer to one. */
  typeOf(object: Tagged): number {
    return this.isPointer(object) ? this.typeOfMap(this.memory.word(toAddress(object - 1))) : -1
  }

  is(object: Tagged, type: InstanceType): boolean {
    const wanted = this.types[type]
    return wanted !== NO_TYPE && this.typeOf(object) === wanted
  }

  /** `JS_PROMISE` and the like, for notes; null when unknown. */
  typeName(type: number): string | null {
    return this.#names.get(type) ?? null
  }

  isFunctionType(type: number): boolean {
    return type >= this.layout.ranges.firstJsFunction && type <= this.layout.ranges.lastJsFunction
  }

  isFunction(object: Tagged): boolean {
    return this.isFunctionType(this.typeOf(object))
  }

  isContextType(type: number): boolean {
    return type >= this.layout.ranges.firstContext && type <= this.layout.ranges.lastContext
  }

  isContext(object: Tagged): boolean {
    return this.isContextType(this.typeOf(object))
  }

  /** Array, Map or Set: what queues and tables of a program's own are kept in. */
  isCollectionType(type: number): boolean {
    return type === this.types.JS_ARRAY || type === this.types.JS_MAP || type === this.types.JS_SET
  }

  isCollection(object: Tagged): boolean {
    return this.isCollectionType(this.typeOf(object))
  }

  isStringType(type: number): boolean {
    return type >= 0 && type < this.layout.ranges.firstNonString
  }

  isString(object: Tagged): boolean {
    return this.isStringType(this.typeOf(object))
  }

  /** Text of a string, cut at `maxChars`; null when `object` is none or its characters can't be read. */
  string(object: Tagged, maxChars = 4096): string | null {
    return readString(this, object, maxChars)
  }

  /** Length of a FixedArray-like object; 0 when it makes no sense. */
  arrayLength(array: Tagged): number {
    const length = this.smi(array, this.layout.array.length)
    return length !== null && length >= 0 && length <= MAX_ARRAY ? length : 0
  }

  /** Element of a FixedArray-like object; 0 beyond its end. */
  element(array: Tagged, index: number): Tagged {
    if (!(index >= 0) || index >= this.arrayLength(array)) return 0
    return this.field(array, this.layout.array.data + 8 * index)
  }

  /** Bytes of a ByteArray (trusted or not); null when it is none, or longer than `maxBytes`. */
  byteArray(array: Tagged, maxBytes = 16 << 20): Buffer | null {
    const type = this.typeOf(array)
    if (type !== this.types.BYTE_ARRAY && type !== this.types.TRUSTED_BYTE_ARRAY) return null
    const length = this.smi(array, this.layout.array.length)
    if (length === null || length < 0 || length > maxBytes) return null
    const bytes = Buffer.allocUnsafe(length)
    return this.memory.read(toAddress(array - 1 + this.layout.array.data), bytes) ? bytes : null
  }

  /** Raw word of a context's slot, counted from the first (scope info, previous, ...). */
  contextSlot(context: Tagged, index: number): Tagged {
    return this.field(context, this.layout.context.slots + 8 * index)
  }

  /** Function of a Function object's closure: its context. */
  functionContext(fn: Tagged): Tagged {
    return this.field(fn, this.layout.jsFunction.context)
  }

  /** SharedFunctionInfo of a JSFunction, tagged. */
  functionShared(fn: Tagged): Tagged {
    return this.field(fn, this.layout.jsFunction.shared)
  }
}
