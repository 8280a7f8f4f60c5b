/**
 * The walk of a stack whose innermost frame is known: the exit frame below which C++ runs, or the first frame above the
 * stack pointer of a thread that is blocked or stopped.
 */
import { toAddress } from '../../model/address.js'
import type { Address } from '../../model/address.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'
import type { V8Heap } from '../heap/heap.js'
import { readMoment } from '../heap/isolates.js'
import type { IsolateMoment } from '../heap/isolates.js'
import type { FrameReader, MachineFrame } from './frames.js'
import type { Places } from './places.js'
import type { Registers } from './stack-reading.js'

/** Below an exit frame's pointer lie the slots that its kind is told by. */
const BELOW_FRAME = 64
/** How far above sp the first JavaScript frame may be. */
const MAX_GAP = 256 * 1024

export interface ExactWalk {
  readonly frames: readonly MachineFrame[]
  /** The first frame's pc is the thread's. */
  readonly exact: boolean
}

/** A copy of a stack, and what was known of its thread before it was taken. */
export interface CopiedStack {
  readonly window: StackWindow
  readonly moment: IsolateMoment
  readonly registers: Registers | null
}

/** From where on the stack is to be copied; 0 when nobody knows where it ends. */
export function exactFrom({ exitFrame }: IsolateMoment, registers: Registers | null): number {
  if (exitFrame !== 0) return exitFrame - BELOW_FRAME
  return registers?.kind === 'blocked' ? registers.sp : 0
}

/** Null when no walk reaches the outermost entry frame. */
export function exactWalk(
  reader: FrameReader,
  places: Places,
  { window, moment, registers }: CopiedStack,
): ExactWalk | null {
  if (moment.exitFrame !== 0) {
    const walk = reader.walk(window, moment.exitFrame, moment.entryFrame)
    return walk.complete ? { frames: walk.frames, exact: false } : null
  }
  if (registers?.kind !== 'blocked') return null
  const { sp, pc } = registers
  const end = Math.min(window.high, sp + MAX_GAP)
  for (let at = sp + ((8 - (sp % 8)) % 8); at < end; at += 8) {
    if (!reader.frameAt(window, at)) continue
    const walk = reader.walk(window, at, moment.entryFrame, pc)
    if (!walk.complete) continue
    // Code that was entered in the middle of a loop makes its frame larger, and what lies in there is of dead calls.
    const [first, ...callers] = walk.frames
    if (first === undefined || !callers.slice(0, 2).every((frame) => places.fits(window, frame))) continue
    if (places.fits(window, first)) return { frames: walk.frames, exact: true }
    const caller = whoCalledNative(reader, places, { window, sp, frame: first })
    if (caller) return { frames: [caller, ...callers], exact: false }
  }
  return null
}

/**
 * Optimized code calls C functions (`Math.sin`) and small builtins directly: no frame stands between, and the thread's pc
 * is no pc of the function. Where the call returns to then lies right below the frame.
 */
function whoCalledNative(
  reader: FrameReader,
  places: Places,
  { window, sp, frame }: { readonly window: StackWindow; readonly sp: number; readonly frame: MachineFrame },
): MachineFrame | null {
  if (frame.kind !== 'js' || places.isGenerated(frame.pc)) return null
  for (let at = frame.fp - 8; at >= sp; at -= 8) {
    const pc = window.word(at)
    if (!reader.isExecutable(pc)) continue
    const called = { ...frame, pc }
    if (places.isOptimized(called) && places.fits(window, called)) return called
  }
  return null
}

/**
 * Whether the isolate's words and every walked frame still are what they were when the stack was copied. Their values as well: a
 * program that makes the same calls again and again may have been torn in the same way twice, but then with other arguments.
 */
export function stillThere(
  heap: V8Heap,
  walked: {
    readonly isolate: Address
    readonly moment: IsolateMoment
    readonly window: StackWindow
    readonly frames: readonly MachineFrame[]
  },
): boolean {
  const { isolate, moment, window, frames } = walked
  const now = readMoment(heap, isolate)
  if (!now || now.exitFrame !== moment.exitFrame || now.entryFrame !== moment.entryFrame) return false
  const first = frames[0]
  const last = frames.at(-1)
  if (!first || !last) return false
  const low = Math.max(window.low, first.fp - BELOW_FRAME)
  const bytes = Buffer.allocUnsafe(Math.min(last.fp + 16, window.high) - low)
  if (!heap.memory.peek(toAddress(low), bytes)) return false
  const above = Math.max(low, first.fp)
  if (bytes.compare(window.bytes, above - window.low, low + bytes.length - window.low, above - low) !== 0) return false
  const { frame } = heap.layout
  const offsets = [0, 8, frame.context, frame.function, frame.bytecodeArray, frame.bytecodeOffset]
  return frames.every((machine) =>
    offsets.every((offset) => {
      const at = machine.fp + offset - low
      if (at < 0 || at + 8 > bytes.length) return true
      return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32 === window.word(machine.fp + offset)
    }),
  )
}
