/**
 * Machine frames of JavaScript in a copied stack (src/execution/frames.h and frame-constants.h): what the words at a
 * frame pointer say, and the walk from one to the next. A frame is believed only when its saved frame pointer leads
 * upwards in the same stack, its return address lies in executable memory, and its slots hold what their kind demands.
 */
import { toAddress } from '../../model/address.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'

/** More than the deepest stack that V8's limit allows several times over. */
const MAX_FRAMES = 100_000
const MAX_FRAME_TYPE = 64
/** Objects remembered before that starts anew. */
const MAX_OBJECTS = 50_000

export interface MachineFrame {
  readonly fp: number
  /** Saved frame pointer of the caller. */
  readonly callerFp: number
  /** Where the caller goes on. */
  readonly returnAddress: number
  /** `js`: a JavaScript function's, whatever its tier. Else V8's name of the frame type (`EntryFrame`). */
  readonly kind: string
  /** The JSFunction of a `js` frame, 0 otherwise. */
  readonly function: Tagged
  /** Program counter inside this frame: the return address of its callee; 0 when unknown. */
  readonly pc: number
}

export interface Walk {
  readonly frames: readonly MachineFrame[]
  /** Reached the entry frame below which there is no JavaScript. A walk that did not is torn. */
  readonly complete: boolean
}

export class FrameReader {
  readonly #heap: V8Heap
  readonly #typeNames = new Map<number, string>()
  /** The words that mark an entry frame. */
  readonly entryMarkers: readonly number[]
  #lastCode: { readonly start: number; readonly end: number } | null = null
  /** Contexts and functions that were seen to be that: they are until something is collected. */
  readonly #contexts = new Set<Tagged>()
  readonly #functions = new Set<Tagged>()

  constructor(heap: V8Heap) {
    this.#heap = heap
    for (const [name, value] of Object.entries(heap.layout.frameTypes)) this.#typeNames.set(value, name)
    this.entryMarkers = [...this.#typeNames].flatMap(([value, name]) => (isEntry(name) ? [value * 2] : []))
  }

  /** Where the words of a frame are, from its pointer. */
  get offsets(): V8Heap['layout']['frame'] {
    return this.#heap.layout.frame
  }

  /** Whatever is collected makes room for another object. */
  forgetObjects(): void {
    this.#contexts.clear()
    this.#functions.clear()
  }

  flush(): void {
    this.forgetObjects()
    this.#lastCode = null
  }

  isExecutable(pc: number): boolean {
    if (this.#lastCode && pc >= this.#lastCode.start && pc < this.#lastCode.end) return true
    const mapping = this.#heap.memory.mappingOf(toAddress(pc))
    if (!mapping?.executable) return false
    this.#lastCode = mapping
    return true
  }

  /** The frame at `fp`; null when it is none. */
  frameAt(window: StackWindow, fp: number, pc = 0): MachineFrame | null {
    if (!window.holds(fp) || !window.holds(fp + 8)) return null
    const { frame } = this.#heap.layout
    const callerFp = window.word(fp)
    const returnAddress = window.word(fp + 8)
    const marker = window.word(fp + frame.context)
    const leadsUp = window.holds(callerFp) && callerFp > fp
    // The frame type is a small number shifted by one (StackFrame::TypeToMarker); a context is a tagged pointer.
    if (marker % 2 === 0 && marker > 0 && marker < MAX_FRAME_TYPE * 2) {
      const kind = this.#typeNames.get(marker / 2)
      if (kind === undefined || !(leadsUp || isEntry(kind)) || !this.isExecutable(returnAddress)) return null
      return { fp, callerFp, returnAddress, kind, function: 0, pc }
    }
    if (!leadsUp) return null
    const fn = window.word(fp + frame.function)
    if (!this.#heap.isPointer(marker) || !this.#heap.isPointer(fn) || !this.isExecutable(returnAddress)) return null
    if (!this.#isContext(marker) || !this.#isFunction(fn)) return null
    return { fp, callerFp, returnAddress, kind: 'js', function: fn, pc }
  }

  #isContext(object: Tagged): boolean {
    if (this.#contexts.has(object)) return true
    if (!this.#heap.isContext(object)) return false
    if (this.#contexts.size >= MAX_OBJECTS) this.#contexts.clear()
    this.#contexts.add(object)
    return true
  }

  #isFunction(object: Tagged): boolean {
    if (this.#functions.has(object)) return true
    if (!this.#heap.isFunction(object)) return false
    if (this.#functions.size >= MAX_OBJECTS) this.#functions.clear()
    this.#functions.add(object)
    return true
  }

  /**
   * Walks outwards from the frame at `fp`. An entry frame leads over the C++ frames to the exit frame saved in it; 0
   * there ends the stack, which must be at `outermost` where that is known.
   *
   * @param outermost frame pointer of the outermost entry frame as the isolate has it; 0 when unknown
   * @param pc program counter inside the first frame; 0 when unknown
   */
  walk(window: StackWindow, fp: number, outermost: number, pc = 0): Walk {
    const frames: MachineFrame[] = []
    const { nextExit } = this.#heap.layout.frame
    let frame = this.frameAt(window, fp, pc)
    while (frame && frames.length < MAX_FRAMES) {
      frames.push(frame)
      if (!isEntry(frame.kind)) {
        frame = this.frameAt(window, frame.callerFp, frame.returnAddress)
        continue
      }
      const next = window.word(frame.fp + nextExit)
      if (next === 0) return { frames, complete: outermost === 0 || frame.fp === outermost }
      frame = next > frame.fp ? this.frameAt(window, next) : null
    }
    return { frames, complete: false }
  }
}

export function isEntry(kind: string): boolean {
  return kind === 'EntryFrame' || kind === 'ConstructEntryFrame'
}
