/** One of Node's objects read from memory. */
import type { NativeSide, NodeObject } from '../../resources/node-object.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { Objects } from '../../v8/objects/objects.js'
import type { NativeObjects } from './native-objects.js'

const MAX_TEXT = 2_000

export class MemoryObject implements NodeObject {
  readonly tagged: Tagged
  readonly #objects: Objects
  readonly #natives: NativeObjects

  constructor(objects: Objects, natives: NativeObjects, tagged: Tagged) {
    this.#objects = objects
    this.#natives = natives
    this.tagged = tagged
  }

  get className(): string {
    return this.#objects.className(this.tagged)
  }

  text(...names: readonly string[]): string | null {
    return this.#objects.getText(this.tagged, names, MAX_TEXT)
  }

  number(...names: readonly string[]): number | null {
    return this.#objects.getNumber(this.tagged, names)
  }

  flag(...names: readonly string[]): boolean | null {
    return this.#objects.getBoolean(this.tagged, names)
  }

  object(...names: readonly string[]): MemoryObject | null {
    const value = this.#objects.getObject(this.tagged, names)
    return value === 0 ? null : new MemoryObject(this.#objects, this.#natives, value)
  }

  native(): NativeSide | null {
    const native = this.#natives.of(this.tagged)
    if (native === null) return null
    const { className, uv, tid } = native
    return { className, ...partsOf(uv), ...(tid === undefined ? {} : { tid }) }
  }
}

function partsOf(uv: NonNullable<ReturnType<NativeObjects['of']>>['uv']): Omit<NativeSide, 'className'> {
  if (uv === null) return {}
  return {
    ...('fd' in uv && uv.fd !== undefined ? { fd: uv.fd } : {}),
    ...('pid' in uv && uv.pid !== undefined ? { pid: uv.pid } : {}),
    ...('path' in uv && uv.path !== undefined ? { path: uv.path } : {}),
  }
}
