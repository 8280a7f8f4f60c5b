/**
 * Machine frames as lines of a stack: function, file, line, column, tier.
 *
 * Interpreted frames carry their bytecode array and offset. Baseline code counts machine-code bytes per bytecode.
 * Maglev and TurboFan code has a source position table with inlining ids, and the deoptimization data names the
 * inlined functions: one machine frame then becomes several lines. What can't be told is null, never guessed.
 */
import type { Frame } from '../../model/frame.js'
import type { FunctionInfo, Functions } from '../objects/functions.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import { scriptPath } from '../objects/scripts.js'
import { bytecodeOffsetOfPc } from './baseline.js'
import type { CodeObject, CodeObjects } from './code-objects.js'
import type { MachineFrame } from './frames.js'
import { entryOf, INLINING_ENTRY, inlinedFunction } from './inlined-function.js'
import { frameOf } from './frame-of.js'
import { KnownPlaces } from './known-places.js'
import { Loops, LOOPING_BUILTINS } from './loops.js'
import { OptimizedCode } from './optimized.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'

/** Objects remembered before that starts anew. */
const MAX_OBJECTS = 20_000
/** Above an exit frame's pointer: its caller's, the return address, and what was pushed last before the call. */
const LAST_ARGUMENT = 16

/** `exact`: `pc` is where the thread stands, not the return address of a callee. */
export interface PlaceOptions {
  readonly exact?: boolean
  /** The innermost frame, whose pc is not known: where its line isn't either, the nearest that can be said. */
  readonly orNearest?: boolean
  /** The innermost frame, which has called C++. */
  readonly innermost?: boolean
}

interface Described {
  readonly info: FunctionInfo
  readonly exact: boolean
  readonly callee: MachineFrame | null
}

export class Places {
  readonly #heap: V8Heap
  readonly #functions: Functions
  readonly #codes: CodeObjects

  readonly #loops: Loops
  readonly #optimized: OptimizedCode
  readonly #known = new KnownPlaces()
  /** What functions are: of objects, until something is collected. */
  readonly #infos = new Map<Tagged, FunctionInfo>()
  readonly #exits = new Map<Tagged, readonly Frame[]>()
  /** The function that code was made of, by its Code object. */
  readonly #owners = new Map<Tagged, Tagged>()

  constructor(heap: V8Heap, functions: Functions, codes: CodeObjects) {
    this.#loops = new Loops(heap, functions)
    this.#optimized = new OptimizedCode(heap, functions, this.#loops)
    this.#heap = heap
    this.#functions = functions
    this.#codes = codes
  }

  flush(): void {
    this.#loops.flush()
    this.#known.flush()
    this.#owners.clear()
    this.forgetObjects()
  }

  /** Whatever is collected makes room for another object. */
  forgetObjects(): void {
    this.#infos.clear()
    this.#exits.clear()
  }

  /** What the function of a `js` frame is; null when it is none. */
  infoOf(frame: MachineFrame): FunctionInfo | null {
    const known = this.#infos.get(frame.function)
    if (known) return known
    const info = this.#functions.ofFunction(frame.function)
    if (this.#infos.size >= MAX_OBJECTS) this.#infos.clear()
    if (info) this.#infos.set(frame.function, info)
    return info
  }

  /**
   * Lines of one machine frame, innermost first; empty for frames that no reader wants (stubs, entries).
   *
   * @param callee the machine frame that returns to this one; null where none does, or where it is not known
   */
  describe(
    window: StackWindow,
    frame: MachineFrame,
    options: PlaceOptions = {},
    callee: MachineFrame | null = null,
  ): readonly Frame[] {
    if (frame.kind === 'js') return this.#describeKnown(window, frame, options, callee)
    if (frame.kind === 'BuiltinExitFrame') return this.#describeBuiltinExit(window, frame)
    if (isWasm(frame.kind)) return [frameOf(null, null, 'wasm', 'wasm-function')]
    return []
  }

  #describeKnown(
    window: StackWindow,
    frame: MachineFrame,
    options: PlaceOptions,
    callee: MachineFrame | null,
  ): readonly Frame[] {
    const info = this.infoOf(frame)
    if (!info) return []
    const { layout } = this.#heap
    const bytecode = window.word(frame.fp + layout.frame.bytecodeArray)
    const offset = window.word(frame.fp + layout.frame.bytecodeOffset)
    const flags =
      (options.exact === true ? 1 : 0) + (options.orNearest === true ? 2 : 0) + (options.innermost === true ? 4 : 0)
    const known = this.#known.find(info.address, frame.pc, bytecode, offset, flags)
    if (known) return known
    const described = this.#describeFunction(window, frame, { info, exact: options.exact === true, callee })
    const frames = this.#withLoops(window, frame, info, described, options)
    // Code that is not found may be there at the next look.
    if (frame.pc === 0 || this.#codes.at(frame.pc) || !this.#codes.isGenerated(frame.pc)) {
      this.#known.add({ shared: info.address, pc: frame.pc, bytecode, offset, options: flags }, frames)
    }
    return frames
  }

  #withLoops(
    window: StackWindow,
    frame: MachineFrame,
    info: FunctionInfo,
    frames: Frame[],
    { innermost, orNearest }: PlaceOptions,
  ): Frame[] {
    if (innermost === true) return this.#atLoopEnd(window, frame, frames)
    return orNearest === true ? this.#orNearest(window, frame, info, frames) : frames
  }

  /**
   * Whether a frame's function can be what its pc lies in. False is a contradiction, as between a dead frame and what
   * came to lie below it later. Code that a live frame returns to is kept: where there is none any more, the callee that
   * would return to it is dead.
   */
  fits(window: StackWindow, frame: MachineFrame): boolean {
    if (frame.kind !== 'js' || frame.pc === 0) return true
    const code = this.#codes.at(frame.pc)
    if (!code && this.#codes.isGenerated(frame.pc)) return false
    const info = this.infoOf(frame)
    if (!code) {
      // In a builtin: the interpreter's entry, which has the bytecode in the frame, or the function is itself one.
      if (!info?.script || info.bytecode === 0) return true
      return this.#heap.is(window.word(frame.fp + this.#heap.layout.frame.bytecodeArray), 'BYTECODE_ARRAY')
    }
    if (!info?.script) return false
    if (code.kind <= this.#heap.layout.code.kindBaseline) return true
    return this.#ownerOf(code) === info.address
  }

  #ownerOf(code: CodeObject): Tagged {
    let shared = this.#owners.get(code.address)
    if (shared === undefined) {
      const deoptimization = this.#heap.field(code.address, this.#heap.layout.code.deoptimization)
      shared = entryOf(this.#heap, deoptimization, this.#heap.layout.deoptimization.shared)
      if (this.#heap.is(shared, 'SHARED_FUNCTION_INFO_WRAPPER')) shared = this.#heap.field(shared, 8)
      if (this.#owners.size >= MAX_OBJECTS) this.#owners.clear()
      this.#owners.set(code.address, shared)
    }
    return shared
  }

  /** Whether a pc lies in code that was generated, not in the binary or a library. */
  isGenerated(pc: number): boolean {
    return this.#codes.isGenerated(pc)
  }

  /** Whether the code at a frame's pc is optimized: functions may be inlined there. */
  isOptimized(frame: MachineFrame): boolean {
    if (frame.pc === 0) return false
    const code = this.#codes.at(frame.pc)
    // Generated code that is gone was nobody's but an optimized function's.
    return code === null ? this.#codes.isGenerated(frame.pc) : code.kind > this.#heap.layout.code.kindBaseline
  }

  /** Whether a frame can go on for long without a call of its own. True when that can't be told. */
  mayLoop(window: StackWindow, frame: MachineFrame): boolean {
    const info = this.infoOf(frame)
    if (!info) return true
    if (!info.script) return info.name !== null && LOOPING_BUILTINS.has(info.name)
    const { layout } = this.#heap
    const at = frame.pc > 0 ? this.#codes.at(frame.pc) : null
    const code = at ?? this.#codes.ofCode(this.#heap.field(frame.function, layout.jsFunction.code))
    if (code && code.kind > layout.code.kindBaseline && this.#loops.inlinedInto(code)) return true
    return this.#loops.in(this.#bytecodeOf(window, frame, info))
  }

  /**
   * Compiled code notes no line, and without a pc it has none. What runs for long is in a loop, so where the function has
   * but one it is named; else where the function is defined. Code that was entered in the middle of a loop has kept
   * that place in its frame, and may be in a later loop by now.
   */
  #orNearest(window: StackWindow, frame: MachineFrame, info: FunctionInfo, frames: Frame[]): Frame[] {
    const [top, ...rest] = frames
    if (top === undefined || top.file === null) return frames
    const bytecode = this.#bytecodeOf(window, frame, info)
    const entered = top.line === null ? -1 : this.#offsetIn(window, frame, bytecode)
    if (top.line !== null && !this.#loops.endsAt(bytecode, entered)) return frames
    const end = this.#loops.onlyIn(bytecode, entered)
    if (top.line !== null && end >= 0) return [{ ...top, lineOf: 'loop' }, ...rest]
    const loop = end < 0 ? null : this.#functions.lineOfBytecode(info, bytecode, end)
    const place = loop ?? this.#functions.definition(info)
    if (place === null) return frames
    return [{ ...top, line: place.line, column: place.column, lineOf: loop ? 'loop' : 'definition' }, ...rest]
  }

  /**
   * A loop calls C++ of its own accord where it jumps back: V8 asked it to stop there, to collect garbage or to install
   * code (StackGuard). Nothing on that line did: it is marked as the loop's.
   */
  #atLoopEnd(window: StackWindow, frame: MachineFrame, frames: Frame[]): Frame[] {
    const [top, ...callers] = frames
    const outer = this.#functions.ofFunction(frame.function)
    if (top === undefined || top.line === null || top.lineOf !== undefined || outer === null) return frames
    const info = callers.length === 0 ? outer : this.#innermostInlined(frame, top)
    if (info === null) return frames
    const bytecode = callers.length === 0 ? this.#bytecodeOf(window, frame, info) : info.bytecode
    const isThere = this.#loops.ends(bytecode).some((end) => {
      const place = this.#functions.lineOfBytecode(info, bytecode, end)
      return place?.line === top.line && place.column === top.column
    })
    return isThere ? [{ ...top, lineOf: 'loop' }, ...callers] : frames
  }

  /** The function of an inlined frame, by its name and script; null where it can't be told. */
  #innermostInlined(frame: MachineFrame, { function: name, file }: Frame): FunctionInfo | null {
    const code = frame.pc > 0 ? this.#codes.at(frame.pc) : null
    if (code === null || code.kind <= this.#heap.layout.code.kindBaseline) return null
    const deoptimization = this.#heap.field(code.address, this.#heap.layout.code.deoptimization)
    const positions = this.#heap.byteArray(
      entryOf(this.#heap, deoptimization, this.#heap.layout.deoptimization.inliningPositions),
    )
    if (positions === null) return null
    let found: FunctionInfo | null = null
    for (let at = 0; at + INLINING_ENTRY <= positions.length; at += INLINING_ENTRY) {
      const info = inlinedFunction(this.#heap, this.#functions, deoptimization, positions.readInt32LE(at + 8))
      if (info?.name === name && scriptPath(info.script?.name ?? null) === file) found = info
    }
    return found
  }

  /** That of the frame, for the function may have got another one since; its function's where the frame has none. */
  #bytecodeOf(window: StackWindow, frame: MachineFrame, info: FunctionInfo): Tagged {
    const slot = window.word(frame.fp + this.#heap.layout.frame.bytecodeArray)
    return this.#heap.is(slot, 'BYTECODE_ARRAY') ? slot : info.bytecode
  }

  #offsetIn(window: StackWindow, frame: MachineFrame, bytecode: Tagged): number {
    return this.#functions.bytecodeOffset(window.smi(frame.fp + this.#heap.layout.frame.bytecodeOffset), bytecode)
  }

  /** A C++ builtin (`Atomics.wait`, `JSON.parse`); embedder callbacks are no lines of a JavaScript stack. */
  #describeBuiltinExit(window: StackWindow, frame: MachineFrame): readonly Frame[] {
    const target = window.word(frame.fp + this.#heap.layout.frame.builtinTarget)
    const known = this.#exits.get(target)
    if (known) return known
    const frames = this.#describeBuiltin(target)
    if (this.#exits.size >= MAX_OBJECTS) this.#exits.clear()
    if (frames.length > 0) this.#exits.set(target, frames)
    return frames
  }

  #describeBuiltin(target: Tagged): Frame[] {
    const info = this.#functions.ofFunction(target)
    if (!info || info.script) return []
    const data = this.#heap.field(info.address, this.#heap.layout.shared.data)
    if (this.#heap.is(data, 'FUNCTION_TEMPLATE_INFO')) return []
    return [frameOf(info, null, 'builtin')]
  }

  #describeFunction(window: StackWindow, frame: MachineFrame, { info, exact, callee }: Described): Frame[] {
    // V8's own closures (those that resume an await) have no name and are shown by nobody.
    if (!info.script) return info.name === null ? [] : [frameOf(info, null, 'builtin')]
    const { layout } = this.#heap
    const { code: kinds } = layout
    const slot = window.word(frame.fp + layout.frame.bytecodeArray)
    const bytecode = this.#bytecodeOf(window, frame, info)
    const code = frame.pc > 0 ? this.#codes.at(frame.pc) : null
    if (code && code.kind > kinds.kindBaseline) {
      const argument = callee?.kind === 'ExitFrame' ? window.smi(callee.fp + LAST_ARGUMENT) : null
      return this.#optimized.framesAt({ info, code, pcOffset: frame.pc - code.start, exact, argument })
    }
    if (code?.kind === kinds.kindBaseline) {
      const offset = bytecodeOffsetOfPc(this.#heap, code, frame.pc - code.start + (exact ? 1 : 0), bytecode)
      return [frameOf(info, this.#functions.lineOfBytecode(info, bytecode, offset), 'baseline')]
    }
    // The function that WebAssembly exports: a wrapper that calls the code, whose own frame is there as well.
    if (info.bytecode === 0 && info.script.name?.startsWith('wasm:') === true) return []
    if (slot !== bytecode) return [frameOf(info, null, null)]
    const offset = this.#offsetIn(window, frame, bytecode)
    return [frameOf(info, this.#functions.lineOfBytecode(info, bytecode, offset), offset < 0 ? null : 'interpreted')]
  }
}

function isWasm(kind: string): boolean {
  return kind === 'WasmFrame' || kind === 'WasmSegmentStartFrame' || kind === 'WasmDebugBreakFrame'
}
