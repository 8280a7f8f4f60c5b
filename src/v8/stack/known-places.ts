/**
 * Lines that machine frames had before. What a frame's words say of its place is the same each time, as long as code,
 * bytecode and scripts stay where they are: until the next compacting collection.
 */
import type { Frame } from '../../model/frame.js'
import type { Tagged } from '../heap/tagged.js'

/** Places of one function that are remembered: its calls, and where its loops are seen to be. */
const MAX_PLACES = 128
const MAX_FUNCTIONS = 10_000

/** All that a frame's lines depend on. */
export interface PlaceKey {
  /** SharedFunctionInfo. */
  readonly shared: Tagged
  readonly pc: number
  /** The frame's words for bytecode array and offset. */
  readonly bytecode: number
  readonly offset: number
  /** The options of `Places.describe`. */
  readonly options: number
}

interface KnownPlace extends PlaceKey {
  readonly frames: readonly Frame[]
}

export class KnownPlaces {
  readonly #byFunction = new Map<Tagged, KnownPlace[]>()

  flush(): void {
    this.#byFunction.clear()
  }

  find(shared: Tagged, pc: number, bytecode: number, offset: number, options: number): readonly Frame[] | null {
    const places = this.#byFunction.get(shared)
    if (places === undefined) return null
    for (const place of places) {
      if (place.pc === pc && place.offset === offset && place.bytecode === bytecode && place.options === options) {
        return place.frames
      }
    }
    return null
  }

  add(key: PlaceKey, frames: readonly Frame[]): void {
    let places = this.#byFunction.get(key.shared)
    if (places === undefined) {
      if (this.#byFunction.size >= MAX_FUNCTIONS) this.#byFunction.clear()
      places = []
      this.#byFunction.set(key.shared, places)
    }
    if (places.length >= MAX_PLACES) places.length = 0
    places.push({ ...key, frames })
  }
}
