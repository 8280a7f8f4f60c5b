/**
 * Who awaits the async function that a stack runs in: its generator object lies in the frame's registers, its promise
 * leads to the awaiting functions, each suspended at its own line.
 */
import type { Frame } from '../../model/frame.js'
import type { Generators } from '../objects/generators.js'
import type { PromiseLinks } from '../objects/promises.js'
import type { Tagged, V8Heap } from '../heap/heap.js'
import type { MachineFrame } from './frames.js'
import { frameOf } from './frame-of.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'

const MAX_PARENTS = 100
/** Registers lie below the frame pointer; no frame of V8's is larger. */
const MAX_REGISTERS_BYTES = 64 * 1024

export interface AsyncParents {
  readonly frames: readonly Frame[]
  /** An awaited promise had several awaiters: the first was followed. */
  readonly branched: boolean
}

const NOBODY: AsyncParents = { frames: [], branched: false }

/**
 * Async frames, innermost first; none when the stack was not entered by resuming a function.
 *
 * @param canSuspend whether a frame's function is one that is suspended and resumed: no other has a generator
 */
export function asyncParents(
  heap: V8Heap,
  generators: Generators,
  links: PromiseLinks,
  window: StackWindow,
  frames: readonly MachineFrame[],
  canSuspend: (frame: MachineFrame) => boolean,
): AsyncParents {
  const suspendable = new Set(frames.filter((frame) => frame.kind === 'js' && canSuspend(frame)))
  if (suspendable.size === 0) return NOBODY
  // The target goes on between two looks: what a promise led to then is not what it leads to now.
  links.flush()
  const found: Frame[] = []
  let branched = false
  let generator = runningGenerator(heap, generators, links, window, frames, suspendable)
  const seen = new Set<Tagged>()
  while (generator !== 0 && !seen.has(generator) && found.length < MAX_PARENTS) {
    seen.add(generator)
    const awaiters = links.awaitersOf(generators.promiseOf(generator), 2)
    if (awaiters.length > 1) branched = true
    generator = awaiters[0] ?? 0
    const parent = generators.suspendedAt(generator)
    if (!parent) break
    found.push({ ...frameOf(parent.function, parent.place, null), async: true })
  }
  return { frames: found, branched }
}

/**
 * The generator of the function that the microtask queue resumed: the outermost frame that has one with awaiters. An
 * async function that was called, not resumed, has its caller on the stack and nobody yet who awaits it.
 */
function runningGenerator(
  heap: V8Heap,
  generators: Generators,
  links: PromiseLinks,
  window: StackWindow,
  frames: readonly MachineFrame[],
  suspendable: ReadonlySet<MachineFrame>,
): Tagged {
  for (let index = frames.length - 1; index >= 0; index--) {
    const frame = frames[index]
    if (!frame || !suspendable.has(frame)) continue
    const callee = frames[index - 1]
    const lowest = Math.max(callee ? callee.fp + 16 : window.low, frame.fp - MAX_REGISTERS_BYTES)
    const generator = generatorIn(heap, generators, window, frame, lowest)
    if (generator !== 0 && links.awaitersOf(generators.promiseOf(generator), 1).length > 0) return generator
  }
  return 0
}

function generatorIn(
  heap: V8Heap,
  generators: Generators,
  window: StackWindow,
  frame: MachineFrame,
  lowest: number,
): Tagged {
  for (const word of window.taggedWords(lowest, frame.fp)) {
    if (!heap.isPointer(word) || !generators.isGenerator(word)) continue
    if (heap.field(word, heap.layout.generator.function) === frame.function && generators.promiseOf(word) !== 0) {
      return word
    }
  }
  return 0
}
