/**
 * The machine stack of a thread that runs native code below JavaScript, without stopping it. Its registers can't be
 * seen, but V8 noted the exit frame: from there outwards the chain of frame pointers is exact. Inwards the frames are
 * rebuilt by the saved frame pointers that lead to it, preferring children that return into the function that was
 * called; stale ones look alike, so several samples have to agree. What they agree on is the trunk: leaves are left out.
 */
import { toAddress } from '../../model/address.js'
import type { CodeMap } from '../process/code-map.js'
import type { NativeProcess } from '../process/native-process.js'
import { CallSites } from './call-sites.js'
import { type ChainLink, followChain, frameOfLink } from './frame-chain.js'
import type { NativeFrame } from './native-frame.js'
import { StackWindow } from '../../platform/memory/stack-window.js'

const SAMPLES = 8
/** Fewer than this with the same exit frame say nothing. */
const FEWEST_SAMPLES = 4
/** Native code deeper than this below JavaScript is cut. */
const BELOW_BYTES = 256 << 10
const MAX_DEPTH = 200

export type RunningStackAnswer =
  | {
      /** Outside of the exit frame: exact. Innermost first. */
      readonly frames: readonly NativeFrame[]
      /** Inside of it: what most samples agreed on. Innermost first. */
      readonly probable: readonly NativeFrame[]
    }
  | { readonly unknown: string }

/** @param readExitFrame `c_entry_fp` as it is now, not cached; `exitFrame` as it was when JavaScript was walked. */
export function runningStack(
  native: NativeProcess,
  code: CodeMap,
  tid: number,
  exitFrame: number,
  readExitFrame: () => number | null,
): RunningStackAnswer {
  if (native.elf.machine !== 'x64') return { unknown: 'native stacks are read on x86-64 only' }
  const block = native.threads().byTid.get(tid)
  if (!block) return { unknown: 'its thread control block was not found' }
  if (exitFrame === 0) return { unknown: 'it runs JavaScript, and no native code below it' }
  const sites = new CallSites(native, code)
  const low = toAddress(Math.max(block.stack.low, exitFrame - BELOW_BYTES))
  let outside: readonly ChainLink[] | null = null
  const samples: (readonly ChainLink[])[] = []
  for (let attempt = 0; attempt < SAMPLES; attempt++) {
    if (readExitFrame() !== exitFrame) continue
    const window = StackWindow.read(native.memory, low, block.stack.high)
    if (!window || readExitFrame() !== exitFrame) continue
    outside ??= followChain(window, sites, exitFrame)
    samples.push(descend(window, sites, exitFrame))
  }
  if (outside === null || samples.length < FEWEST_SAMPLES) return { unknown: 'it moved on while it was read' }
  const toFrame = (link: ChainLink): NativeFrame => frameOfLink(link, sites, code)
  return { frames: outside.map(toFrame), probable: trunk(samples, sites).map(toFrame).toReversed() }
}

/** From the exit frame inwards: one child a step. Below it there is only C++: JavaScript would have a newer exit frame. */
function descend(window: StackWindow, sites: CallSites, exitFrame: number): ChainLink[] {
  const children = childrenBelow(window, sites, exitFrame)
  const path: ChainLink[] = []
  let parent = exitFrame
  let called: number | null = null
  while (path.length < MAX_DEPTH) {
    const candidates = (children.get(parent) ?? []).filter(
      ({ returnAddress }) => path.length === 0 || !sites.isJavaScript(returnAddress),
    )
    const wanted = called
    const fitting =
      wanted === null ? [] : candidates.filter(({ returnAddress }) => sites.functionOf(returnAddress - 1) === wanted)
    // Nearest to the parent: what lies further down was pushed by something that is over.
    const next = (fitting.length > 0 ? fitting : candidates).at(-1)
    if (!next) break
    path.push(next)
    called = sites.targetOf(next.returnAddress)
    parent = next.fp
  }
  return path
}

/** Frames by the frame that they lead to, in ascending order of their address. */
function childrenBelow(window: StackWindow, sites: CallSites, exitFrame: number): ReadonlyMap<number, ChainLink[]> {
  const children = new Map<number, ChainLink[]>()
  for (let at = window.low; at < exitFrame; at += 8) {
    const parent = window.word(at)
    if (parent > exitFrame || !window.leadsUp(at, parent)) continue
    const returnAddress = window.word(at + 8)
    if (sites.kindOf(returnAddress) !== 'native') continue
    const list = children.get(parent)
    if (list) list.push({ fp: at, returnAddress })
    else children.set(parent, [{ fp: at, returnAddress }])
  }
  return children
}

/** The path that more than half of the samples share, outermost first. */
function trunk(samples: readonly (readonly ChainLink[])[], sites: CallSites): ChainLink[] {
  const agreed: ChainLink[] = []
  let left = samples
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const byFunction = new Map<number, (readonly ChainLink[])[]>()
    for (const sample of left) {
      const link = sample[depth]
      if (!link) continue
      const key = sites.functionOf(link.returnAddress - 1) ?? link.returnAddress
      byFunction.set(key, [...(byFunction.get(key) ?? []), sample])
    }
    const best = [...byFunction.values()].sort((a, b) => b.length - a.length)[0]
    const link = best?.[0]?.[depth]
    if (!best || !link || best.length * 2 <= samples.length) break
    agreed.push(link)
    left = best
  }
  return agreed
}
