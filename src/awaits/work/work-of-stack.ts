/**
 * Whose work the code on a thread's stack does. Node 24 and later: the isolate's continuation-preserved embedder data.
 * Before: nothing in the isolate leads to the current async resource, but the stack shows how the stores came about.
 * Innermost first: a frame of `AsyncLocalStorage.run` has the store as its argument; an async function's promise, which
 * its frame leads to, has the stores that it was called with. Last, as in parked awaits, a task of Conductor's that is
 * some function's first argument.
 */
import type { Work } from '../../model/work.js'
import { toAddress, type Address } from '../../model/address.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'
import type { Tagged, V8Heap } from '../../v8/heap/heap.js'
import { ISOLATE_FIGURES } from '../../v8/layouts/isolate-figures.js'
import type { Functions } from '../../v8/objects/functions.js'
import { Generators } from '../../v8/objects/generators.js'
import { Objects } from '../../v8/objects/objects.js'
import type { MachineFrame } from '../../v8/stack/frames.js'
import { storesOfContextFrame, storesOfResource } from '../stores/async-stores.js'
import { taskOf, workOfStores } from '../stores/identify-work.js'

/** From a frame pointer (src/execution/frame-constants.h): the receiver, then the arguments as they were passed. */
const FIRST_ARGUMENT = 24
/** Where Node has AsyncLocalStorage.run: 20, and later ones. */
const RUN_SCRIPTS = new Set(['node:async_hooks', 'node:internal/async_local_storage/async_hooks'])
const MAX_FRAMES = 200
/** Registers of a frame lie below its pointer; no frame of V8's is larger. */
const MAX_REGISTERS_BYTES = 64 * 1024

export interface StackOfThread {
  readonly isolate: Address
  readonly window: StackWindow
  /** Innermost first. */
  readonly frames: readonly MachineFrame[]
}

export function workOfStack(
  heap: V8Heap,
  functions: Functions,
  stack: StackOfThread,
  withForeign: boolean,
): Work | null {
  const objects = new Objects(heap, functions)
  const { preservedData } = ISOLATE_FIGURES[heap.layout.family]
  const preserved = preservedData < 0 ? 0 : heap.memory.word(toAddress(stack.isolate + preservedData))
  const fromIsolate = storesOfContextFrame(objects, preserved)
  const stores = fromIsolate.length > 0 ? fromIsolate : storesOfFrames(objects, stack)
  const work = workOfStores(objects, stores, withForeign)
  if (work?.task !== undefined) return work
  const task = taskOfArguments(objects, stack)
  return task === null ? work : { task, ...work }
}

/** The nearest first, so that an inner `run` comes before what it hides. */
function storesOfFrames(objects: Objects, { window, frames }: StackOfThread): Tagged[] {
  const generators = new Generators(objects.heap, objects.functions)
  const stores: Tagged[] = []
  for (const [index, frame] of frames.slice(0, MAX_FRAMES).entries()) {
    if (frame.kind !== 'js') continue
    const info = objects.functions.ofFunction(frame.function)
    if (info?.name === 'run' && RUN_SCRIPTS.has(info.script?.name ?? '')) {
      stores.push(window.word(frame.fp + FIRST_ARGUMENT))
    }
    const promise = promiseOf(objects.heap, generators, window, frame, frames[index - 1])
    if (promise !== 0) stores.push(...storesOfResource(objects, promise))
  }
  return stores
}

/** Of an async function on the stack: its generator lies in the frame's registers. */
function promiseOf(
  heap: V8Heap,
  generators: Generators,
  window: StackWindow,
  frame: MachineFrame,
  callee: MachineFrame | undefined,
): Tagged {
  const lowest = Math.max(callee === undefined ? window.low : callee.fp + 16, frame.fp - MAX_REGISTERS_BYTES)
  for (let at = frame.fp - 8; at >= lowest && window.holds(at); at -= 8) {
    const word = window.word(at)
    if (!heap.isPointer(word) || !generators.isGenerator(word)) continue
    if (heap.field(word, heap.layout.generator.function) !== frame.function) continue
    const promise = generators.promiseOf(word)
    if (promise !== 0) return promise
  }
  return 0
}

function taskOfArguments(objects: Objects, { window, frames }: StackOfThread): ReturnType<typeof taskOf> {
  for (const frame of frames.slice(0, MAX_FRAMES)) {
    if (frame.kind !== 'js' || !window.holds(frame.fp + FIRST_ARGUMENT)) continue
    const task = taskOf(objects, window.word(frame.fp + FIRST_ARGUMENT))
    if (task !== null) return task
  }
  return null
}
