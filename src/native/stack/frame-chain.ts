/** A chain of frame pointers, from one frame to the thread's first. */
import { toAddress } from '../../model/address.js'
import type { CodeMap } from '../process/code-map.js'
import type { CallSites } from './call-sites.js'
import type { NativeFrame } from './native-frame.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'

const MAX_FRAMES = 20_000

export interface ChainLink {
  readonly fp: number
  readonly returnAddress: number
}

/** Innermost first; null when it runs into something that is no frame. */
export function followChain(window: StackWindow, sites: CallSites, at: number): readonly ChainLink[] | null {
  const links: ChainLink[] = []
  let fp = at
  while (links.length < MAX_FRAMES) {
    const returnAddress = window.word(fp + 8)
    if (sites.kindOf(returnAddress) === null) return null
    links.push({ fp, returnAddress })
    const next = window.word(fp)
    if (!window.leadsUp(fp, next)) {
      // The first frame of a thread has no caller's frame pointer: 0, or whatever the register held, outside the stack.
      return next === 0 || next < window.low || next >= window.high ? links : null
    }
    fp = next
  }
  return links
}

export function frameOfLink({ fp, returnAddress }: ChainLink, sites: CallSites, code: CodeMap): NativeFrame {
  return {
    fp: toAddress(fp),
    returnAddress: toAddress(returnAddress),
    place: code.placeOf(returnAddress - 1),
    isJavaScript: sites.isJavaScript(returnAddress),
  }
}
