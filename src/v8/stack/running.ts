/**
 * The stack of a thread that runs JavaScript while it is read. Its registers can't be seen, so where the stack ends is
 * not known: every frame that is valid and whose walk reaches the outermost entry is a candidate, also dead ones that
 * lie below the live ones. Two looks a moment apart tell them apart as far as that is possible: an interpreted caller
 * whose bytecode offset moves while its callee seems to lie on top of it is itself the top.
 */
import type { Address } from '../../model/address.js'
import type { V8Heap } from '../heap/heap.js'
import { readMoment } from '../heap/isolates.js'
import type { IsolateMoment } from '../heap/isolates.js'
import { isEntry } from './frames.js'
import type { FrameReader, MachineFrame, Walk } from './frames.js'
import { copyStack } from '../../platform/memory/stack-window.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'

/** How far below the outermost entry frame frames are searched: V8's default stack limit is 984 kB. */
const MAX_DEPTH_BYTES = 1 << 20
const MAX_WALKS = 64
const PAUSE_MS = 2
const MAX_PAUSES = 10
/** Calls are thousands to such a time: what stands in both looks was not passing. */
const ENOUGH_NS = 300_000
const MATCH_ARGUMENTS_BYTES = 72
const pauseCell = new Int32Array(new SharedArrayBuffer(4))

export interface ProbableWalk {
  readonly window: StackWindow
  readonly frames: readonly MachineFrame[]
  /** Frame pointers that every candidate shares and both looks show alike: the live part, as far as that can be told. */
  readonly shared: ReadonlySet<number>
  /**
   * The walk from the code of a regular expression, were that what runs: of several such frames the highest, since
   * whatever lies below the live one is dead, and nothing dead lies above it. Null where there is none.
   */
  readonly regexp: readonly MachineFrame[] | null
}

export function probableWalk(
  heap: V8Heap,
  reader: FrameReader,
  isolate: Address,
  moment: IsolateMoment,
  stackHint: number,
  fits: (frame: MachineFrame) => boolean,
  ranNs: (() => number | null) | null,
): ProbableWalk | null {
  const first = copyBelow(heap, stackHint, moment)
  if (!first) return null
  const ran = letRun(ranNs)
  const second = copyBelow(heap, stackHint, moment)
  const now = readMoment(heap, isolate)
  if (!second || now?.entryFrame !== moment.entryFrame || now.exitFrame !== 0) return null
  const walks = completeWalks(heap, reader, second, moment)
  const longest = walks.toSorted((a, b) => b.frames.length - a.frames.length)[0]
  if (!longest) return null
  const shared = new Set(longest.frames.map((frame) => frame.fp))
  for (const walk of walks) {
    const own = new Set(walk.frames.map((frame) => frame.fp))
    for (const fp of shared) if (!own.has(fp)) shared.delete(fp)
  }
  if (ran) for (const fp of changed(heap, first, second, longest.frames)) shared.delete(fp)
  else shared.clear()
  const regexp = walks
    .filter(({ frames: [top] }) => top?.kind === 'IrregexpFrame' && isOneMatch(first, second, top.fp))
    .reduce<Walk | null>((best, walk) => (fpOf(walk) > fpOf(best) ? walk : best), null)
  const frames = dropDead(heap, first, second, longest.frames, fits)
  return { window: second, frames, shared, regexp: regexp?.frames ?? null }
}

/** Waits until the thread has run for a moment: false when it did not, or nobody can tell. Two looks then prove nothing. */
function letRun(ranNs: (() => number | null) | null): boolean {
  const before = ranNs?.() ?? null
  for (let pause = 0; pause < MAX_PAUSES; pause++) {
    Atomics.wait(pauseCell, 0, 0, PAUSE_MS)
    const after = before === null ? null : (ranNs?.() ?? null)
    if (before === null || after === null) return false
    if (after - before >= ENOUGH_NS) return true
  }
  return false
}

/**
 * Frame pointers from the outermost frame that is another than in the first look inwards. A call builds its frame word
 * by word: return address and frame pointer may be its own already while the function still is that of a call which has
 * returned, and such a frame has all that a valid one has. One that was there before as well is no such frame.
 */
function changed(heap: V8Heap, first: StackWindow, second: StackWindow, frames: readonly MachineFrame[]): number[] {
  const { frame } = heap.layout
  const offsets = [0, 8, frame.context, frame.function]
  const outermost = frames.findLastIndex(({ fp }) =>
    offsets.some((offset) => !first.holds(fp + offset) || first.word(fp + offset) !== second.word(fp + offset)),
  )
  return frames.slice(0, outermost + 1).map(({ fp }) => fp)
}

/**
 * Whether both copies show the same match: its arguments lie below the frame pointer (src/regexp/x64/
 * regexp-macro-assembler-x64.h: input string, start index, input start and end, output), its caller above.
 */
function isOneMatch(first: StackWindow, second: StackWindow, fp: number): boolean {
  for (let at = fp - MATCH_ARGUMENTS_BYTES; at <= fp + 8; at += 8) if (first.word(at) !== second.word(at)) return false
  return true
}

function fpOf(walk: Walk | null): number {
  return walk?.frames[0]?.fp ?? 0
}

function copyBelow(heap: V8Heap, stackHint: number, moment: IsolateMoment): StackWindow | null {
  const mapping = heap.memory.mappingOf(stackHint as Address)
  if (!mapping) return null
  return copyStack(heap.memory, Math.max(mapping.start, moment.entryFrame - MAX_DEPTH_BYTES))
}

/**
 * All walks that reach the outermost entry, from frames that are nobody's caller; bounded. Only a frame that reaches it
 * itself makes another one its caller: any even number in a dead part of the stack looks like a frame of some kind.
 */
function completeWalks(heap: V8Heap, reader: FrameReader, window: StackWindow, moment: IsolateMoment): Walk[] {
  const { nextExit } = heap.layout.frame
  const complete = new Set<number>([moment.entryFrame])
  const isCaller = new Set<number>()
  const candidates: number[] = []
  for (let at = moment.entryFrame - 8; at >= window.low; at -= 8) {
    const frame = reader.frameAt(window, at)
    if (!frame) continue
    // Callers lie higher, so they have been judged.
    const below = isEntry(frame.kind) ? window.word(at + nextExit) : frame.callerFp
    if (!complete.has(below)) continue
    complete.add(at)
    isCaller.add(frame.callerFp)
    candidates.push(at)
  }
  const walks: Walk[] = []
  for (const leaf of candidates) {
    if (isCaller.has(leaf) || walks.length >= MAX_WALKS) continue
    const walk = reader.walk(window, leaf, moment.entryFrame)
    if (walk.complete) walks.push(walk)
  }
  return walks
}

/**
 * Cuts what can't be alive: frames above a caller whose bytecode offset moved between the looks, and above one whose
 * code is not where its callee returns to.
 */
function dropDead(
  heap: V8Heap,
  first: StackWindow,
  second: StackWindow,
  frames: readonly MachineFrame[],
  fits: (frame: MachineFrame) => boolean,
): readonly MachineFrame[] {
  const { bytecodeOffset } = heap.layout.frame
  let top = 0
  for (const [index, frame] of frames.entries()) {
    if (frame.kind !== 'js' || index === 0) continue
    const before = first.smi(frame.fp + bytecodeOffset)
    const after = second.smi(frame.fp + bytecodeOffset)
    const moved = before !== null && after !== null && before !== after
    if (moved || !fits(frame)) top = index
  }
  const [live, ...callers] = frames.slice(top)
  // Its pc was its callee's word: without the callee it says nothing.
  return live ? [top > 0 ? { ...live, pc: 0 } : live, ...callers] : []
}
