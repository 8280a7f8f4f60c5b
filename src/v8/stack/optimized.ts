/**
 * Frames of optimized code as lines of a stack: one for the function itself, one for each that was inlined where the
 * code stands. Maglev is told by its deoptimization data (maglev.ts), TurboFan by its source position table.
 */
import type { Frame, FrameTier } from '../../model/frame.js'
import type { V8Heap } from '../heap/heap.js'
import type { FunctionInfo, Functions } from '../objects/functions.js'
import { placeAt } from '../objects/positions.js'
import type { CodeObject } from './code-objects.js'
import { frameOf } from './frame-of.js'
import { entryOf, INLINING_ENTRY, inlinedFunction } from './inlined-function.js'
import type { Loops } from './loops.js'
import { maglevFrames } from './maglev.js'
import { safepointAt } from './safepoints.js'

/** V8 inlines no deeper; a cycle in the inlining table must end. */
const MAX_INLINED = 64

/** A frame whose pc lies in optimized code. */
export interface OptimizedFrame {
  /** What the frame's function is, with its bytecode. */
  readonly info: FunctionInfo
  readonly code: CodeObject
  /** Bytes from the first instruction to the pc. */
  readonly pcOffset: number
  /** The pc is where the thread stands, not where a callee returns to. */
  readonly exact: boolean
  /** The last argument of the C++ function that was called, where it is a small integer; null where not, or no C++. */
  readonly argument: number | null
}

export class OptimizedCode {
  readonly #heap: V8Heap
  readonly #functions: Functions
  readonly #loops: Loops

  constructor(heap: V8Heap, functions: Functions, loops: Loops) {
    this.#heap = heap
    this.#functions = functions
    this.#loops = loops
  }

  /** Innermost first; the frame's own function is the last. */
  framesAt(frame: OptimizedFrame): Frame[] {
    const { info, code, pcOffset, exact } = frame
    const tier = this.#tierOf(code)
    // A return address may have been redirected: what the call belongs to is found at its own place.
    const call = exact ? null : safepointAt(this.#heap, code, pcOffset, tier === 'maglev')
    if (tier === 'maglev' && call?.deoptimization === null && this.#isOutOfLine(code, call.pc)) {
      return [this.#helped(frame)]
    }
    if (tier === 'maglev' && typeof call?.deoptimization === 'number') {
      const frames = this.#maglev(info, code, call.deoptimization)
      if (frames) return frames
    }
    return this.#byPositions(info, code, call ? call.pc - 1 : exact ? pcOffset : pcOffset - 1)
  }

  /** CodeKind: Maglev and TurboFan follow baseline (src/objects/code-kind.h). */
  #tierOf(code: CodeObject): FrameTier {
    return code.kind === this.#heap.layout.code.kindBaseline + 1 ? 'maglev' : 'turbofan'
  }

  /** Slow paths lie behind all that has a source position: the table's last entry says nothing of them. */
  #isOutOfLine(code: CodeObject, returnOffset: number): boolean {
    const table = this.#heap.byteArray(this.#heap.field(code.address, this.#heap.layout.code.sourcePositions))
    const last = table ? placeAt(table, Infinity, this.#heap.layout.positions) : null
    return last !== null && returnOffset - 1 > last.codeOffset
  }

  /**
   * Maglev code that has called V8 for help: for room, for a look at the stack, for better code. No deoptimization entry
   * describes such a call. The request for better code is made at a loop's end, and has that end's bytecode offset as
   * its argument (TryOnStackReplacement in src/maglev/maglev-ir.cc); of the others nothing is known but the function.
   */
  #helped({ info, argument }: OptimizedFrame): Frame {
    const atEnd = argument !== null && this.#loops.endsAt(info.bytecode, argument)
    const loop = atEnd ? this.#functions.lineOfBytecode(info, info.bytecode, argument) : null
    return {
      ...frameOf(info, loop ?? this.#functions.definition(info), 'maglev'),
      lineOf: loop ? 'loop' : 'definition',
    }
  }

  #maglev(info: FunctionInfo, code: CodeObject, entry: number): Frame[] | null {
    const deoptimization = this.#heap.field(code.address, this.#heap.layout.code.deoptimization)
    const inlined = maglevFrames(this.#heap, deoptimization, entry)
    if (!inlined) return null
    const frames: Frame[] = []
    for (const [index, { bytecodeOffset, literal }] of inlined.entries()) {
      const callee = inlinedFunction(this.#heap, this.#functions, deoptimization, literal)
      if (!callee || (index === 0 && callee.address !== info.address)) return null
      const place = this.#functions.lineOfBytecode(callee, callee.bytecode, bytecodeOffset)
      frames.unshift(frameOf(callee, place, callee.script ? 'maglev' : 'builtin'))
    }
    return frames
  }

  #byPositions(info: FunctionInfo, code: CodeObject, codeOffset: number): Frame[] {
    const heap = this.#heap
    const tier = this.#tierOf(code)
    const table = heap.byteArray(heap.field(code.address, heap.layout.code.sourcePositions))
    const place = table ? placeAt(table, codeOffset, heap.layout.positions) : null
    if (!place) return [frameOf(info, null, tier)]
    const deoptimization = heap.field(code.address, heap.layout.code.deoptimization)
    const inlined: Frame[] = []
    let { scriptOffset, inliningId } = place
    const positions =
      inliningId >= 0
        ? heap.byteArray(entryOf(heap, deoptimization, heap.layout.deoptimization.inliningPositions))
        : null
    for (let depth = 0; inliningId >= 0 && depth < MAX_INLINED; depth++) {
      const at = inliningId * INLINING_ENTRY
      if (!positions || at + INLINING_ENTRY > positions.length) {
        // The table can't be followed: the innermost place is unknown, the outer function is not.
        return [frameOf(info, null, tier)]
      }
      const callee = inlinedFunction(heap, this.#functions, deoptimization, positions.readInt32LE(at + 8))
      if (!callee) return [...inlined, frameOf(info, null, tier)]
      const known = tier !== 'maglev' || inlined.length === 0
      const place = known ? (callee.script?.lineColumn(scriptOffset) ?? null) : null
      inlined.push(frameOf(callee, place, callee.script ? tier : 'builtin'))
      const packed = positions.readUInt32LE(at) + positions.readUInt32LE(at + 4) * 2 ** 32
      scriptOffset = (Math.floor(packed / 2) % 2 ** 30) - 1
      inliningId = (Math.floor(packed / 2 ** 31) % 65_536) - 1
    }
    // Maglev's own notes of where it inlined are not reliable (maglev.ts): no line is better than a wrong one.
    const trusted = scriptOffset >= 0 && (tier !== 'maglev' || inlined.length === 0)
    const own = trusted ? (info.script?.lineColumn(scriptOffset) ?? null) : null
    return [...inlined, frameOf(info, own, tier)]
  }
}
