/**
 * SharedFunctionInfo and JSFunction (src/objects/shared-function-info.tq, js-function.tq): what a function is called,
 * which script it is in, and its bytecode.
 *
 * The one rule for names, for all engines: the SharedFunctionInfo's name, else the inferred name, else null.
 */
import { toAddress } from '../../model/address.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import { EXTRA_WIDE, SWITCH_ON_GENERATOR_STATE } from '../layouts/bytecodes.js'
import { readScopeInfo } from './scopes.js'
import { Script } from './scripts.js'
import type { LineColumn } from './scripts.js'
import { placeAt } from './positions.js'

const MAX_NAME = 512
const MAX_CACHED = 20_000
/** Evaluations within evaluations that are followed. */
const MAX_EVALS = 8

export interface FunctionInfo {
  /** Of the SharedFunctionInfo, tagged. */
  readonly address: Tagged
  /** By the one rule. */
  readonly name: string | null
  readonly script: Script | null
  /** Extent in the source, -1 when unknown. */
  readonly start: number
  readonly end: number
  /** BytecodeArray, tagged; 0 when the function has none (a builtin, or not compiled). */
  readonly bytecode: Tagged
}

export class Functions {
  readonly #heap: V8Heap
  readonly #infos = new Map<Tagged, FunctionInfo | null>()
  readonly #scripts = new Map<Tagged, Script>()
  readonly #tables = new Map<Tagged, Buffer | null>()
  /** By bytecode. */
  readonly #suspend = new Map<Tagged, boolean>()
  #evalDepth = 0

  constructor(heap: V8Heap) {
    this.#heap = heap
  }

  /** Forgets everything; objects may have moved. */
  flush(): void {
    this.#infos.clear()
    this.#scripts.clear()
    this.#tables.clear()
    this.#suspend.clear()
  }

  /** Whether a function can be suspended (async, a generator) and resumed. True when that can't be told. */
  canSuspend({ script, bytecode }: FunctionInfo): boolean {
    if (script === null) return false
    let answer = this.#suspend.get(bytecode)
    if (answer === undefined) {
      const { layout, memory } = this.#heap
      const code = Buffer.alloc(2)
      const isRead =
        this.bytecodeLength(bytecode) > 0 && memory.read(toAddress(bytecode - 1 + layout.bytecode.data), code)
      // A prefix for wide operands may come first.
      const first = (code[0] ?? 0) <= EXTRA_WIDE ? code[1] : code[0]
      answer = !isRead || first === SWITCH_ON_GENERATOR_STATE[layout.family]
      if (this.#suspend.size >= MAX_CACHED) this.#suspend.clear()
      this.#suspend.set(bytecode, answer)
    }
    return answer
  }

  /** Null when `fn` is no JSFunction, or its SharedFunctionInfo is none. */
  ofFunction(fn: Tagged): FunctionInfo | null {
    return this.#heap.isFunction(fn) ? this.info(this.#heap.functionShared(fn)) : null
  }

  info(shared: Tagged): FunctionInfo | null {
    const known = this.#infos.get(shared)
    if (known !== undefined) return known
    const info = this.#read(shared)
    if (this.#infos.size >= MAX_CACHED) this.flush()
    this.#infos.set(shared, info)
    return info
  }

  script(address: Tagged): Script | null {
    if (!this.#heap.is(address, 'SCRIPT')) return null
    let script = this.#scripts.get(address)
    if (!script) {
      script = new Script(this.#heap, address)
      this.#scripts.set(address, script)
      // Known before its maker is asked for: that may be a function of another evaluation, and so on.
      if (script.name === null && this.#evalDepth < MAX_EVALS) {
        this.#evalDepth++
        script.name = this.#evalOrigin(address)
        this.#evalDepth--
      }
    }
    return script
  }

  /** Line and column of a bytecode offset; null without a table (source positions not collected) or source. */
  lineOfBytecode(info: FunctionInfo, bytecode: Tagged, offset: number): LineColumn | null {
    if (!info.script || offset < 0) return null
    const table = this.#positionTable(bytecode)
    if (!table || table.length === 0) return null
    const place = placeAt(table, offset, this.#heap.layout.positions)
    return place && place.scriptOffset >= 0 ? info.script.lineColumn(place.scriptOffset) : null
  }

  /** Where a function is defined. */
  definition(info: FunctionInfo): LineColumn | null {
    return info.script && info.start >= 0 ? info.script.lineColumn(info.start) : null
  }

  /** Length of a BytecodeArray's code in bytes; 0 when `bytecode` is none. */
  bytecodeLength(bytecode: Tagged): number {
    if (!this.#heap.is(bytecode, 'BYTECODE_ARRAY')) return 0
    const length = this.#heap.smi(bytecode, this.#heap.layout.bytecode.length)
    return length !== null && length > 0 && length < 1 << 26 ? length : 0
  }

  /** Bytecode offset out of a frame's slot or a generator: both count from the tagged array's start. -1 when it is none. */
  bytecodeOffset(raw: number | null, bytecode: Tagged): number {
    if (raw === null) return -1
    const offset = raw - (this.#heap.layout.bytecode.data - 1)
    return offset >= 0 && offset < this.bytecodeLength(bytecode) ? offset : -1
  }

  /**
   * What code is called that `eval` or `new Function` made, and that names itself by no `sourceURL`: as V8's own stacks
   * do, `eval at outer (/app/file.js:10:5)` (src/objects/call-site-info.cc, FormatEvalOrigin), the place being that of
   * the call, in the function that made it. Null when no evaluation made it, or whose it was can't be told.
   */
  #evalOrigin(script: Tagged): string | null {
    const heap = this.#heap
    const { evalFromShared, evalFromPosition } = heap.layout.script
    if (evalFromShared < 0 || evalFromPosition < 0) return null
    const maker = this.info(heap.field(script, evalFromShared))
    // For a wrapped function (CommonJS) the field holds its arguments.
    if (maker === null) return null
    const name = maker.name ?? '<anonymous>'
    const file = maker.script?.name ?? null
    if (file === null) return `eval at ${name} (unknown source)`
    // An evaluation within an evaluation has no place of its own in V8's text.
    if (file.startsWith('eval at ')) return `eval at ${name} (${file})`
    const place = this.#evalPlace(maker, heap.smi(script, evalFromPosition))
    return `eval at ${name} (${file}${place === null ? '' : `:${place.line}:${place.column}`})`
  }

  /** Negative: a bytecode offset that V8 has not yet made a position of (Script::GetEvalPosition). */
  #evalPlace(maker: FunctionInfo, position: number | null): LineColumn | null {
    if (position === null) return null
    if (position < 0) return this.lineOfBytecode(maker, maker.bytecode, -position)
    return maker.script?.lineColumn(position) ?? null
  }

  #positionTable(bytecode: Tagged): Buffer | null {
    const known = this.#tables.get(bytecode)
    if (known !== undefined) return known
    const heap = this.#heap
    const table = heap.is(bytecode, 'BYTECODE_ARRAY')
      ? heap.byteArray(heap.field(bytecode, heap.layout.bytecode.sourcePositions))
      : null
    if (this.#tables.size >= MAX_CACHED) this.#tables.clear()
    this.#tables.set(bytecode, table)
    return table
  }

  #read(shared: Tagged): FunctionInfo | null {
    const heap = this.#heap
    if (!heap.is(shared, 'SHARED_FUNCTION_INFO')) return null
    const layout = heap.layout.shared
    let name = ''
    let inferred = ''
    let start = -1
    let end = -1
    const nameOrScope = heap.field(shared, layout.nameOrScopeInfo)
    if (heap.is(nameOrScope, 'SCOPE_INFO')) {
      const scope = readScopeInfo(heap, nameOrScope)
      name = scope.name
      inferred = scope.inferredName
      start = scope.start
      end = scope.end
    } else {
      name = heap.string(nameOrScope, MAX_NAME) ?? ''
    }
    const data = heap.field(shared, layout.data)
    const bytecode = this.#bytecodeOf(data, 0)
    if (bytecode === 0) {
      const uncompiled = this.#uncompiled(data, shared)
      if (uncompiled !== 0) {
        inferred ||= heap.string(heap.field(uncompiled, heap.layout.uncompiled.inferredName), MAX_NAME) ?? ''
        if (start < 0) start = heap.int32(uncompiled, heap.layout.uncompiled.start)
        if (end < 0) end = heap.int32(uncompiled, heap.layout.uncompiled.end)
      }
    }
    return { address: shared, name: name || inferred || null, script: this.#scriptOf(shared), start, end, bytecode }
  }

  #scriptOf(shared: Tagged): Script | null {
    const heap = this.#heap
    const held = heap.field(shared, heap.layout.shared.script)
    if (heap.is(held, 'DEBUG_INFO')) {
      // 11.3 keeps the script inside the DebugInfo while a debugger is attached; which field differs by version.
      for (let offset = 8; offset <= 64; offset += 8) {
        const script = this.script(heap.field(held, offset))
        if (script) return script
      }
      return null
    }
    return this.script(held)
  }

  #uncompiled(data: Tagged, shared: Tagged): Tagged {
    const heap = this.#heap
    const { untrustedData } = heap.layout.shared
    for (const candidate of untrustedData > 0 ? [data, heap.field(shared, untrustedData)] : [data]) {
      const type = heap.typeOf(candidate)
      const { types } = heap
      if (
        type === types.UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA ||
        type === types.UNCOMPILED_DATA_WITH_PREPARSE_DATA ||
        type === types.UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA_WITH_JOB ||
        type === types.UNCOMPILED_DATA_WITH_PREPARSE_DATA_AND_JOB
      ) {
        return candidate
      }
    }
    return 0
  }

  /** BytecodeArray itself, or held by InterpreterData or by baseline Code. */
  #bytecodeOf(data: Tagged, depth: number): Tagged {
    const heap = this.#heap
    const type = heap.typeOf(data)
    if (type === heap.types.BYTECODE_ARRAY) return data
    if (depth > 2 || (type !== heap.types.INTERPRETER_DATA && type !== heap.types.CODE)) return 0
    for (const offset of [8, 16, 24]) {
      const found = this.#bytecodeOf(heap.field(data, offset), depth + 1)
      if (found !== 0) return found
    }
    return 0
  }
}
