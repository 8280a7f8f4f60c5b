/**
 * All that can be the stack of a running thread: walks that reach the outermost entry, from frames that are nobody's
 * caller. In a series of looks most of a stack's memory stays as it was, and is not searched again.
 */
import type { StackWindow } from '../../platform/memory/stack-window.js'
import { isEntry } from './frames.js'
import type { FrameReader, MachineFrame } from './frames.js'

/** What is compared, and searched again where it differs. */
const CHUNK_BYTES = 2048
const BLOCK_BYTES = 8 * CHUNK_BYTES
/** Leaves that are followed; each costs a step for every frame that it does not share with the longest walk. */
const MAX_LEAVES = 1024

export interface CandidateWalks {
  /** The longest, innermost frame first. */
  readonly longest: readonly MachineFrame[]
  /** Frame pointers that every candidate has: what all of them would return to. */
  readonly shared: ReadonlySet<number>
  /** Frame pointers of code of regular expressions that nothing else was called by. */
  readonly regexps: readonly number[]
  /** The walk from one of the leaves. */
  readonly from: (leaf: number) => readonly MachineFrame[]
}

/** What can be a frame, chunk by chunk from the highest down (`StackWindow.possibleFrames`), and in which copy. */
export interface SearchedStack {
  readonly window: StackWindow
  readonly end: number
  readonly chunks: readonly (readonly number[])[]
}

/** @param earlier an earlier copy of the same stack, and what was found there */
export function searchStack(
  reader: FrameReader,
  window: StackWindow,
  end: number,
  earlier: SearchedStack | null,
): SearchedStack {
  const { low } = window
  const { context } = reader.offsets
  const known =
    earlier && earlier.end === end && earlier.window.low === low && earlier.window.high === window.high ? earlier : null
  const chunks: (readonly number[])[] = []
  let sameFrom = end
  for (let high = end; high > low; high -= CHUNK_BYTES) {
    const from = Math.max(low, high - CHUNK_BYTES)
    const before = known?.chunks[chunks.length]
    // The word that marks a frame may lie below the chunk. Most of a stack is the same: many chunks at once are compared.
    if (known && from < sameFrom) sameFrom = sameDownTo(window, known.window, high, context)
    chunks.push(before && from >= sameFrom ? before : window.possibleFrames(from, high, context, reader.entryMarkers))
  }
  return { window, end, chunks }
}

/** From where up to `high` two copies are the same, as far as whole blocks show it; above `high` where they differ at once. */
function sameDownTo(window: StackWindow, other: StackWindow, high: number, marked: number): number {
  for (const bytes of [BLOCK_BYTES, CHUNK_BYTES]) {
    const from = Math.max(window.low, high - bytes)
    if (window.sameAs(other, Math.max(window.low, from + marked), high)) return from
  }
  return high + 1
}

/** One byte for each word of the largest stack so far: whether a frame is there that reaches the outermost entry. */
let reaches = new Uint8Array(0)

/**
 * Only a frame that reaches the outermost entry makes another one its caller: any even number in a dead part of the stack
 * looks like a frame of some kind. Null when there is no walk at all.
 */
export function candidateWalks(reader: FrameReader, searched: SearchedStack): CandidateWalks | null {
  const { window, end: outermost } = searched
  const { nextExit } = reader.offsets
  const entry = reader.frameAt(window, outermost)
  if (!entry || !isEntry(entry.kind) || window.word(outermost + nextExit) !== 0) return null
  const found = completeFrames(reader, searched, entry)
  const isCaller = new Set<number>()
  for (const { frame, caller } of found.values()) if (caller) isCaller.add(frame.callerFp)
  const tops: Found[] = []
  for (const top of found.values()) {
    if (top.caller && !isCaller.has(top.frame.fp) && tops.length < MAX_LEAVES) tops.push(top)
  }
  const deepest = tops.reduce<Found | null>((best, top) => (best && best.depth >= top.depth ? best : top), null)
  if (!deepest) return null
  return {
    longest: walkFrom(deepest),
    shared: sharedBy(deepest, tops),
    regexps: tops.filter(({ frame }) => frame.kind === 'IrregexpFrame').map(({ frame }) => frame.fp),
    from: (leaf) => walkFrom(found.get(leaf) ?? null),
  }
}

/** By frame pointer, from the highest down: callers are there before their callees. */
function completeFrames(
  reader: FrameReader,
  { window, end: outermost, chunks }: SearchedStack,
  entry: MachineFrame,
): ReadonlyMap<number, Found> {
  const { nextExit } = reader.offsets
  const found = new Map<number, Found>([[outermost, { frame: entry, caller: null, depth: 1 }]])
  if (reaches.length < window.bytes.length / 8) reaches = new Uint8Array(window.bytes.length / 8)
  const reached = reaches
  reached[window.indexOf(outermost)] = 1
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += 2) {
      const callerIndex = chunk[at + 1] ?? -1
      // Hardly any of them leads to a frame: what does not is no reason to look at the objects that it names.
      if (callerIndex >= 0 && reached[callerIndex] !== 1) continue
      const index = chunk[at] ?? 0
      const fp = window.low + index * 8
      if (callerIndex < 0 && reached[window.indexOf(window.word(fp + nextExit))] !== 1) continue
      const frame = reader.frameAt(window, fp)
      const caller = frame && found.get(isEntry(frame.kind) ? window.word(fp + nextExit) : frame.callerFp)
      if (!frame || !caller) continue
      found.set(fp, { frame, caller, depth: caller.depth + 1 })
      reached[index] = 1
    }
  }
  for (const fp of found.keys()) reached[window.indexOf(fp)] = 0
  return found
}

interface Found {
  readonly frame: MachineFrame
  readonly caller: Found | null
  readonly depth: number
}

/** A pc is the callee's word; below an entry there is none. */
function walkFrom(top: Found | null): readonly MachineFrame[] {
  const frames: MachineFrame[] = []
  let pc = 0
  for (let at = top; at; at = at.caller) {
    frames.push(pc === 0 ? at.frame : { ...at.frame, pc })
    pc = isEntry(at.frame.kind) ? 0 : at.frame.returnAddress
  }
  return frames
}

/** The outer part of a walk that all others lead into. */
function sharedBy(longest: Found, tops: readonly Found[]): Set<number> {
  const own = new Set<number>()
  for (let at: Found | null = longest; at; at = at.caller) own.add(at.frame.fp)
  let from = longest
  for (const top of tops) {
    let at: Found | null = top
    while (at && !own.has(at.frame.fp)) at = at.caller
    // Callers lie higher.
    if (at && at.frame.fp > from.frame.fp) from = at
  }
  for (let at: Found | null = longest; at && at !== from; at = at.caller) own.delete(at.frame.fp)
  return own
}
