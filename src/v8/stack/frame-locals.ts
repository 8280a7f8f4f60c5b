/**
 * Arguments and variables of a function on a stack, out of the copied stack and its context. What lies where:
 * src/execution/frame-constants.h. The caller pushes the receiver and the arguments above the return address; how many
 * there are stands below the function. The interpreter's registers, which baseline code shares, begin below the
 * bytecode offset (from V8 12 on the feedback vector lies between).
 */
import type { Frame, LocalValue } from '../../model/frame.js'
import type { Functions } from '../objects/functions.js'
import type { V8Heap } from '../heap/heap.js'
import { contextValues, MAX_REGISTERS, MAX_VALUES, parameterNames, receiverValue } from '../objects/local-values.js'
import { Objects } from '../objects/objects.js'
import { valueText } from '../objects/values.js'
import { CodeScopes } from '../objects/code-scopes.js'
import type { MachineFrame } from './frames.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'

const RECEIVER = 16
const ARGUMENT_COUNT = -24
const MAX_ARGUMENTS = 16
const MAX_DISTANCE = 64

export class FrameLocals {
  readonly #heap: V8Heap
  readonly #functions: Functions
  readonly #objects: Objects
  readonly #scopes: CodeScopes

  constructor(heap: V8Heap, functions: Functions) {
    this.#heap = heap
    this.#functions = functions
    this.#objects = new Objects(heap, functions)
    this.#scopes = new CodeScopes(this.#objects)
  }

  /** The lines of one machine frame, innermost first, with what could be had of each, or why it could not. */
  addTo(window: StackWindow, frame: MachineFrame, lines: readonly Frame[]): Frame[] {
    return lines.map((line, i): Frame => {
      if (line.file === null || line.file.startsWith('node:') || frame.kind !== 'js') return line
      if (i < lines.length - 1) {
        return { ...line, localsNote: 'inlined into its caller: optimized code keeps no frame of its own for it' }
      }
      const values = this.#values(window, frame, line)
      const note = noteOf(line)
      return { ...line, ...(values.length === 0 ? {} : { locals: values }), localsNote: note }
    })
  }

  #values(window: StackWindow, frame: MachineFrame, line: Frame): LocalValue[] {
    const context = window.word(frame.fp + this.#heap.layout.frame.context)
    const named = [
      ...receiverValue(this.#objects, window.word(frame.fp + RECEIVER)),
      ...contextValues(this.#objects, this.#scopes, context),
    ]
    const known = new Set(named.map((value) => value.name))
    const passed = this.#arguments(window, frame).filter((value) => !known.has(value.name))
    const rest = line.tier === 'interpreted' || line.tier === 'baseline' ? this.#registers(window, frame) : []
    return [...named, ...passed, ...rest].slice(0, MAX_VALUES)
  }

  #arguments(window: StackWindow, frame: MachineFrame): LocalValue[] {
    const info = this.#functions.ofFunction(frame.function)
    if (info === null) return []
    const names = parameterNames(info)
    // A raw number that counts the receiver too.
    const pushed = window.word(frame.fp + ARGUMENT_COUNT) - 1
    const count = Math.min(Math.max(names.length, pushed >= 0 && pushed <= MAX_ARGUMENTS ? pushed : 0), MAX_ARGUMENTS)
    const values: LocalValue[] = []
    for (let i = 0; i < count; i++) {
      const value = valueText(this.#objects, window.word(frame.fp + RECEIVER + 8 * (i + 1)))
      if (value !== null) values.push({ name: names[i] ?? `argument ${i}`, value })
    }
    return values
  }

  #registers(window: StackWindow, frame: MachineFrame): LocalValue[] {
    const first = this.#heap.layout.frame.firstRegister
    const values: LocalValue[] = []
    for (let i = 0; i < MAX_DISTANCE && values.length < MAX_REGISTERS; i++) {
      const at = frame.fp + first - 8 * i
      if (!window.holds(at) || i * 8 >= this.#registerBytes(frame)) break
      const value = valueText(this.#objects, window.word(at))
      if (value !== null && value !== 'undefined') values.push({ name: `register ${i}`, value })
    }
    return values
  }

  #registerBytes(frame: MachineFrame): number {
    const info = this.#functions.ofFunction(frame.function)
    if (info === null || !this.#heap.is(info.bytecode, 'BYTECODE_ARRAY')) return 0
    return this.#heap.int32(info.bytecode, this.#heap.layout.bytecode.frameSize)
  }
}

function noteOf(line: Frame): string {
  if (line.tier === 'interpreted' || line.tier === 'baseline') {
    return 'variables that no closure uses have no names in memory: they are registers here'
  }
  return 'optimized code: arguments as they were passed and variables of closures; the others are in machine registers'
}
