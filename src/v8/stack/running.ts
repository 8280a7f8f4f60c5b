/**
 * The stack of a thread that runs JavaScript while it is read. Its registers can't be seen, so where the stack ends is
 * not known: every frame that is valid and whose walk reaches the outermost entry is a candidate, also dead ones that
 * lie below the live ones. Two looks a moment apart tell them apart as far as that is possible: an interpreted caller
 * whose bytecode offset moves while its callee seems to lie on top of it is itself the top.
 */
import type { Address } from '../../model/address.js'
import type { V8Heap } from '../heap.js'
import { readMoment } from '../isolates.js'
import type { IsolateMoment } from '../isolates.js'
import type { FrameReader, MachineFrame, Walk } from './frames.js'
import { copyStack } from './stack-window.js'
import type { StackWindow } from './stack-window.js'

/** How far below the outermost entry frame frames are searched: V8's default stack limit is 984 kB. */
const MAX_DEPTH_BYTES = 1 << 20
const PAUSE_MS = 2
const pauseCell = new Int32Array(new SharedArrayBuffer(4))

export interface ProbableWalk {
  readonly window: StackWindow
  readonly frames: readonly MachineFrame[]
}

export function probableWalk(
  heap: V8Heap,
  reader: FrameReader,
  isolate: Address,
  moment: IsolateMoment,
  stackHint: number,
): ProbableWalk | null {
  const first = copyBelow(heap, stackHint, moment)
  if (!first) return null
  Atomics.wait(pauseCell, 0, 0, PAUSE_MS)
  const second = copyBelow(heap, stackHint, moment)
  const now = readMoment(heap, isolate)
  if (!second || now?.entryFrame !== moment.entryFrame || now.exitFrame !== 0) return null
  const walk = deepestWalk(reader, second, moment)
  if (!walk) return null
  return { window: second, frames: dropDead(heap, first, second, walk.frames) }
}

function copyBelow(heap: V8Heap, stackHint: number, moment: IsolateMoment): StackWindow | null {
  const mapping = heap.memory.mappingOf(stackHint as Address)
  if (!mapping) return null
  return copyStack(heap.memory, Math.max(mapping.start, moment.entryFrame - MAX_DEPTH_BYTES))
}

/** Of all complete walks the one with most frames in common with the others: the deepest that others are part of. */
function deepestWalk(reader: FrameReader, window: StackWindow, moment: IsolateMoment): Walk | null {
  const isCaller = new Set<number>()
  const leaves: number[] = []
  for (let at = moment.entryFrame - 8; at >= window.low; at -= 8) {
    const frame = reader.frameAt(window, at)
    if (!frame) continue
    // Upwards in memory are the callers: by going downwards every callee is seen after its caller.
    isCaller.add(frame.callerFp)
    leaves.push(at)
  }
  let best: Walk | null = null
  for (const leaf of leaves) {
    if (isCaller.has(leaf)) continue
    const walk = reader.walk(window, leaf, moment.entryFrame)
    if (walk.complete && (!best || walk.frames.length > best.frames.length)) best = walk
  }
  return best
}

/** Cuts frames above an interpreted caller whose offset moved between the looks. */
function dropDead(
  heap: V8Heap,
  first: StackWindow,
  second: StackWindow,
  frames: readonly MachineFrame[],
): readonly MachineFrame[] {
  const { bytecodeOffset } = heap.layout.frame
  let top = 0
  for (const [index, frame] of frames.entries()) {
    if (frame.kind !== 'js') continue
    const before = first.smi(frame.fp + bytecodeOffset)
    const after = second.smi(frame.fp + bytecodeOffset)
    if (index > 0 && before !== null && after !== null && before !== after) top = index
  }
  return frames.slice(top)
}
