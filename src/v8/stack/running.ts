/**
 * The stack of a thread that runs JavaScript while it is read. Its registers can't be seen, so where the stack ends is
 * not known: every frame that is valid and whose walk reaches the outermost entry is a candidate, also dead ones that
 * lie below the live ones. Two looks a moment apart tell them apart as far as that is possible:
 *
 * - An interpreted caller whose bytecode offset moves while its callee seems to lie on top of it is itself the top.
 * - A frame that stood in its place at both looks, while something deeper was written, was live in between: had it
 *   returned, its caller's next call would have come to lie on it.
 * - Where nothing was written, one of the functions that may go on without a call runs, and what they left is dead.
 */
import { toAddress } from '../../model/address.js'
import type { Address } from '../../model/address.js'
import type { V8Heap } from '../heap/heap.js'
import { readMoment } from '../heap/isolates.js'
import type { IsolateMoment } from '../heap/isolates.js'
import { isEntry } from './frames.js'
import type { FrameReader, MachineFrame } from './frames.js'
import { candidateWalks, searchStack } from './candidate-walks.js'
import type { SearchedStack } from './candidate-walks.js'
import type { StackBuffers } from '../../platform/memory/stack-buffers.js'
import { StackWindow } from '../../platform/memory/stack-window.js'

/** What is known of a frame's code beyond its words. */
export interface FrameJudge {
  /** Whether the frame's function can be what its pc lies in. */
  fits(window: StackWindow, frame: MachineFrame): boolean
  /** Whether the frame can go on for long without a call: its code, or what is inlined into it, has a loop. */
  mayLoop(window: StackWindow, frame: MachineFrame): boolean
  /** Whether the code at a frame's pc is optimized: functions may be inlined there. */
  isOptimized(frame: MachineFrame): boolean
}

/** How far below the outermost entry frame frames are searched: V8's default stack limit is 984 kB. */
const MAX_DEPTH_BYTES = 1 << 20
/** Stacks of threads are 4 to 8 MB: of what is larger than this it is asked which pages exist. */
const DENSE_BYTES = 256 << 10
/** What a thread may write for the first time between the question and the copy. */
const FRESH_BYTES = 16 << 10
const PAUSE_MS = 2
const PAUSE_IN_SERIES_MS = 0.4
const MAX_PAUSES = 10
const ENOUGH_NS = 300_000
const MATCH_ARGUMENTS_BYTES = 72
/** Saved frame pointer and return address. */
const FRAME_HEAD_BYTES = 16
const pauseCell = new Int32Array(new SharedArrayBuffer(4))

/** What one look leaves for the next of a series. */
export interface EarlierLook {
  readonly entryFrame: number
  readonly searched: SearchedStack
  readonly ranNs: number | null
}

export interface ProbableWalk extends EarlierLook {
  readonly window: StackWindow
  readonly frames: readonly MachineFrame[]
  /** Frame pointers of frames that were on the stack, with all their lines, at some moment of the look. */
  readonly certain: ReadonlySet<number>
  /**
   * The walk from the code of a regular expression, were that what runs: of several such frames the highest, since
   * whatever lies below the live one is dead, and nothing dead lies above it. Null where there is none.
   */
  readonly regexp: readonly MachineFrame[] | null
}

export interface RunningThread {
  readonly heap: V8Heap
  readonly reader: FrameReader
  readonly isolate: Address
  readonly moment: IsolateMoment
  readonly stackHint: number
  readonly judge: FrameJudge
  /** Time on a CPU so far, ns; null when it can't be had. */
  readonly ranNs: () => number | null
  /** The look before this one in a series; null where there is none. */
  readonly earlier: EarlierLook | null
  /** Of a series, for its copies of stacks; null: one look is all. */
  readonly buffers: StackBuffers | null
}

/** The stack at two moments, and at an earlier one that shows what stands still. */
interface Looks {
  readonly earlier: StackWindow
  readonly first: StackWindow
  readonly second: StackWindow
  /** The thread ran between the earlier moment and the second. */
  readonly ran: boolean
}

export function probableWalk(thread: RunningThread): ProbableWalk | null {
  const { heap, isolate, moment, buffers } = thread
  const low = lowestOf(thread)
  const first = low === null ? null : copyFrom(thread, low)
  if (low === null || !first) return null
  const earlier = thread.earlier?.entryFrame === moment.entryFrame ? thread.earlier : null
  const ranBefore = earlier ? earlier.ranNs : thread.ranNs()
  // In a series the last look shows what stands still: of two copies right after one another fewer are overtaken.
  if (!earlier) letRun(thread, ranBefore)
  const ranNs = thread.ranNs()
  const second = copyFrom(thread, low)
  const now = readMoment(heap, isolate)
  const isSame = now?.entryFrame === moment.entryFrame && now.exitFrame === 0
  const ran = ranBefore !== null && ranNs !== null && ranNs - ranBefore >= ENOUGH_NS
  const walk =
    second && isSame
      ? judged(thread, { earlier: earlier?.searched.window ?? first, first, second, ran }, earlier?.searched ?? null)
      : null
  buffers?.giveBack(first)
  if (!walk) buffers?.giveBack(second)
  return walk && { ...walk, entryFrame: moment.entryFrame, ranNs }
}

function judged(
  { heap, reader, moment, judge }: RunningThread,
  looks: Looks,
  before: SearchedStack | null,
): Omit<ProbableWalk, 'entryFrame' | 'ranNs'> | null {
  const window = looks.second
  const searched = searchStack(reader, window, moment.entryFrame, before)
  const walks = candidateWalks(reader, searched)
  if (!walks) return null
  const regexps = walks.regexps.filter((fp) => isOneMatch(looks, fp))
  const regexp = regexps.length > 0 ? walks.from(Math.max(...regexps)) : null
  const frames = dropReturned(looks, dropDead(heap, looks, walks.longest, judge), judge)
  const certain = provenFrames(heap, looks, frames, judge).filter((frame) => walks.shared.has(frame.fp))
  return { window, searched, frames, certain: new Set(certain.map(({ fp }) => fp)), regexp }
}

/** Waits until the thread has run for a moment, a bounded time: on a crowded machine it may not have its turn for long. */
function letRun({ ranNs, buffers }: RunningThread, before: number | null): void {
  for (let pause = 0; pause < MAX_PAUSES; pause++) {
    Atomics.wait(pauseCell, 0, 0, buffers ? PAUSE_IN_SERIES_MS : PAUSE_MS)
    const after = before === null ? null : ranNs()
    if (before === null || after === null || after - before >= ENOUGH_NS) return
  }
}

/**
 * Whether the earlier copy shows the same match: its arguments lie below the frame pointer (src/regexp/x64/
 * regexp-macro-assembler-x64.h: input string, start index, input start and end, output), its caller above.
 */
function isOneMatch({ earlier, second }: Looks, fp: number): boolean {
  for (let at = fp - MATCH_ARGUMENTS_BYTES; at <= fp + 8; at += 8)
    if (earlier.word(at) !== second.word(at)) return false
  return true
}

/** From where on the stack is copied: what was never written is no frame, and reading it would cost the target memory. */
function lowestOf({ heap, stackHint, moment }: RunningThread): number | null {
  const mapping = heap.memory.mappingOf(toAddress(stackHint))
  if (!mapping?.readable || !mapping.writable) return null
  const lowest = Math.max(mapping.start, moment.entryFrame - MAX_DEPTH_BYTES)
  if (moment.entryFrame - lowest <= DENSE_BYTES) return lowest
  const [written] = heap.memory.present(toAddress(lowest), toAddress(moment.entryFrame))
  return written ? Math.max(lowest, written.start - FRESH_BYTES) : lowest
}

/** Up to the end of the mapping; null when it can't be read. */
function copyFrom({ heap, stackHint, buffers }: RunningThread, low: number): StackWindow | null {
  const mapping = heap.memory.mappingOf(toAddress(stackHint))
  return mapping ? StackWindow.read(heap.memory, low, mapping.end, buffers?.allot) : null
}

/**
 * Cuts what can't be alive: frames above a caller whose bytecode offset moved between the looks, and above one whose
 * code is not where its callee returns to.
 */
function dropDead(
  heap: V8Heap,
  { first, second }: Looks,
  frames: readonly MachineFrame[],
  judge: FrameJudge,
): readonly MachineFrame[] {
  const { bytecodeOffset } = heap.layout.frame
  let top = 0
  for (const [index, frame] of frames.entries()) {
    if (frame.kind !== 'js' || index === 0) continue
    const before = first.smi(frame.fp + bytecodeOffset)
    const after = second.smi(frame.fp + bytecodeOffset)
    const moved = before !== null && after !== null && before !== after
    if (moved || !judge.fits(second, frame)) top = index
  }
  return outwardsFrom(frames, top)
}

/** The frames from `top` outwards. A pc is the callee's word: without the callee it says nothing. */
function outwardsFrom(frames: readonly MachineFrame[], top: number): readonly MachineFrame[] {
  const [live, ...callers] = frames.slice(top)
  return live ? [top > 0 ? { ...live, pc: 0 } : live, ...callers] : []
}

/**
 * Cuts callees that have most likely returned. What is left of a call stays in place until its caller makes another
 * one, and an optimized caller may go on for long without: all that it calls in its loop may be inlined into it. A
 * function without a loop, called by nothing but that, was there for less than a microsecond. The same holds below
 * code that is not optimized where nothing has changed between the looks. A recursion is a loop of its own.
 */
function dropReturned(looks: Looks, frames: readonly MachineFrame[], judge: FrameJudge): readonly MachineFrame[] {
  let top = 0
  for (; top < frames.length - 1; top++) {
    const frame = frames[top]
    const caller = frames.slice(top + 1).find((outer) => outer.kind === 'js')
    if (!frame || isEntry(frame.kind) || !caller) break
    if (frame.kind !== 'js') continue
    if (judge.mayLoop(looks.second, frame)) break
    if (frames.some((outer, index) => index > top && outer.function === frame.function)) break
    if (!judge.isOptimized(caller) && !stoodStill(looks, frame)) break
  }
  // Nothing that could go on for long: then nothing is known better than what was found.
  return frames[top]?.kind === 'js' ? outwardsFrom(frames, top) : frames
}

/** The frames that were on the stack for certain at some moment between the looks: an outer part of them all. */
function provenFrames(
  heap: V8Heap,
  looks: Looks,
  frames: readonly MachineFrame[],
  judge: FrameJudge,
): readonly MachineFrame[] {
  const [top] = frames
  if (!top) return []
  let from = 1
  if (stoodStill(looks, top)) {
    // One of the functions with a loop in optimized code runs: all inside the outermost of them may have returned.
    for (const [index, frame] of frames.entries()) {
      if (frame.kind === 'js' && judge.isOptimized(frame) && judge.mayLoop(looks.second, frame)) from = index + 1
    }
    return frames.slice(from)
  }
  let wrote = false
  for (const [index, frame] of frames.entries()) {
    const callee = frames[index - 1]
    if (!callee) continue
    wrote ||= wroteBelow(looks, callee)
    if (!wrote || !isSameFrame(heap, looks, frame)) from = index + 1
  }
  return frames.slice(from)
}

/** The thread ran, and wrote nothing from a frame's head down to the end of the stack. */
function stoodStill({ earlier, second, ran }: Looks, frame: MachineFrame): boolean {
  return ran && earlier.sameAs(second, Math.max(earlier.low, second.low), frame.fp + FRAME_HEAD_BYTES)
}

/** Something deeper than a frame was written between the first look and the second. */
function wroteBelow({ first, second }: Looks, callee: MachineFrame): boolean {
  return !first.sameAs(second, Math.max(first.low, second.low), callee.fp + FRAME_HEAD_BYTES)
}

/**
 * Whether a frame is the same at both looks. A call builds its frame word by word: return address and frame pointer may
 * be its own already while the function still is that of a call which has returned.
 */
function isSameFrame(heap: V8Heap, { first, second }: Looks, { fp }: MachineFrame): boolean {
  const { context, function: callee } = heap.layout.frame
  return [0, 8, context, callee].every((offset) => first.word(fp + offset) === second.word(fp + offset))
}
