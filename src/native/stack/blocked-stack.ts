/**
 * The machine stack of a thread that sleeps in a system call, without stopping it: its stack pointer is known, its
 * frame pointer is not. Leaf functions of libc and addons built with -O2 keep none, so the first words above sp may
 * start no chain or a stale one.
 *
 * A chain of frame pointers is believed when it ends in the thread's root (the outermost end that any chain reaches),
 * and when it passes through the exit frame that V8 noted (`c_entry_fp`), with only C++ below it. Of those the one
 * nearest to sp wins; first those whose call target fits a return address that lies below, best the very first one into
 * the binary: stale frames survive in large local arrays (uv__io_poll has 12 KB of them), but not below those. 24 of 24
 * trunks were right in this way, and wrong ones occurred without the exit frame.
 */
import { toAddress, type Address } from '../../model/address.js'
import { readRawSyscall } from '../../platform/procfs/syscall.js'
import type { CodeMap } from '../process/code-map.js'
import type { NativeProcess } from '../process/native-process.js'
import { CallSites } from './call-sites.js'
import { type ChainLink, followChain, frameOfLink } from './frame-chain.js'
import type { NativeFrame } from './native-frame.js'
import { StackWindow } from '../../platform/memory/stack-window.js'

/** How far above sp a chain may begin. */
const SEARCH_BYTES = 16 << 10
const MAX_CHAINS = 400
/** Good chains that are compared; the nearest are found first. */
const MAX_GOOD = 12

export type NativeStackAnswer =
  | { readonly frames: readonly NativeFrame[]; /** Place the thread sleeps at, innermost. */ readonly pc: Address }
  | { readonly unknown: string; readonly running: boolean }

interface Chain {
  readonly at: number
  readonly frames: readonly ChainLink[]
}

/**
 * @param exitFrame V8's `c_entry_fp` of the isolate that the thread runs; 0: it is not in C++ called from JavaScript;
 *   null: the thread runs no isolate, or it is unknown.
 */
export function blockedStack(
  native: NativeProcess,
  code: CodeMap,
  tid: number,
  exitFrame: number | null,
): NativeStackAnswer {
  if (native.elf.machine !== 'x64') return { unknown: 'native stacks are read on x86-64 only', running: false }
  const raw = readRawSyscall(native.root, tid)
  if (raw === null) return { unknown: 'the kernel does not show where the thread sleeps', running: false }
  if (raw.kind === 'running') return { unknown: 'the thread runs', running: true }
  const block = native.threads().byTid.get(tid)
  if (!block) return { unknown: 'its thread control block was not found', running: false }
  const window = StackWindow.read(native.memory, toAddress(raw.sp), block.stack.high)
  if (!window) return { unknown: 'its stack could not be read', running: false }
  const sites = new CallSites(native, code)
  const isOwn = (address: number): boolean => code.mappingOf(address)?.path === native.path
  const chain = bestChain(window, sites, raw.sp, exitFrame, isOwn)
  if (!chain) return { unknown: 'no chain of frame pointers fits', running: false }
  const frames = chain.frames.map((link) => frameOfLink(link, sites, code))
  return { frames, pc: raw.pc }
}

function bestChain(
  window: StackWindow,
  sites: CallSites,
  sp: number,
  exitFrame: number | null,
  isOwn: (address: number) => boolean,
): Chain | null {
  const chains: Chain[] = []
  const returns: { readonly at: number; readonly word: number }[] = []
  const until = Math.min(
    window.high - 16,
    sp + SEARCH_BYTES,
    exitFrame === null || exitFrame === 0 ? Infinity : exitFrame + 8,
  )
  for (let at = window.low; at < until && chains.length < MAX_CHAINS; at += 8) {
    const word = window.word(at)
    if (sites.kindOf(word) === 'native') returns.push({ at, word })
    if (!window.leadsUp(at, word)) continue
    const frames = followChain(window, sites, at)
    if (frames) chains.push({ at, frames })
  }
  const root = Math.max(...chains.map(({ frames }) => frames.at(-1)?.fp ?? 0))
  const good: { readonly chain: Chain; readonly fit: number }[] = []
  for (const chain of chains) {
    if (good.length >= MAX_GOOD) break
    if (chain.frames.at(-1)?.fp !== root || !fitsExitFrame(chain, sites, exitFrame)) continue
    good.push({ chain, fit: fitOf(chain, sites, returns, isOwn) })
  }
  const best = [2, 1, 0, -1]
    .map((wanted) => good.find(({ fit }) => fit === wanted))
    .find((found) => found !== undefined)
  return best?.chain ?? null
}

function fitsExitFrame({ frames }: Chain, sites: CallSites, exitFrame: number | null): boolean {
  if (exitFrame === null) return true
  if (exitFrame === 0) return !frames.some((frame) => sites.isJavaScript(frame.returnAddress))
  const index = frames.findIndex((frame) => frame.fp === exitFrame)
  // The frame right below the exit frame returns into the builtin that called it; below that there is only C++.
  return index >= 0 && !frames.slice(0, Math.max(0, index - 1)).some((frame) => sites.isJavaScript(frame.returnAddress))
}

/**
 * 2: its innermost frame called the function that the first return address above sp lies in; 1: one that a later return
 * address lies in; -1: another; 0: can't be told. Only code of the binary itself counts: libc keeps no frame pointers.
 */
function fitOf(
  chain: Chain,
  sites: CallSites,
  returns: readonly { readonly at: number; readonly word: number }[],
  isOwn: (address: number) => boolean,
): number {
  const called = chain.frames[0] ? sites.targetOf(chain.frames[0].returnAddress) : null
  if (called === null) return 0
  const below = returns.filter(({ at, word }) => at < chain.at && isOwn(word - 1))
  const index = below.findIndex(({ word }) => sites.functionOf(word - 1) === called)
  return index < 0 ? -1 : index === 0 ? 2 : 1
}
