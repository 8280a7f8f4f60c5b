/**
 * C and C++ frames between the JavaScript ones. Both walks know a frame by its frame pointer: the chain of frame
 * pointers gives the order, V8's walk says what its own frames are. Pure.
 */
import type { Frame } from '../../model/frame.js'
import { toFrame } from '../../native/stack/native-frame.js'
import type { NativeFrame } from '../../native/stack/native-frame.js'

/** How many lines of a JavaScript stack one machine frame made (inlined functions make several). */
export interface FrameSpan {
  readonly fp: number
  readonly lines: number
}

/**
 * Innermost first, async parents last. Null when a JavaScript frame is missing from the chain: the two walks saw
 * different stacks, and neither is bent to fit.
 *
 * @param script lines of V8's walk; those behind the last span are async parents
 */
export function mergeNative(
  chain: readonly NativeFrame[],
  script: readonly Frame[],
  spans: readonly FrameSpan[],
): Frame[] | null {
  const linesOf = new Map<number, readonly Frame[]>()
  let from = 0
  for (const { fp, lines } of spans) {
    if (lines > 0) linesOf.set(fp, script.slice(from, from + lines))
    from += lines
  }
  const merged: Frame[] = []
  // The innermost JavaScript frame can be the chain's first: then no return address leads into it.
  takeLines(chain[0]?.fp)
  for (const [index, frame] of chain.entries()) {
    // A return address lies in the caller, whose frame pointer is the next one of the chain.
    if (!takeLines(chain[index + 1]?.fp) && !frame.isJavaScript) merged.push(toFrame(frame))
  }
  // What started the thread, in libc and without a name.
  if (merged.at(-1)?.function === null && merged.at(-1)?.native) merged.pop()
  return linesOf.size > 0 ? null : [...merged, ...script.slice(from)]

  function takeLines(fp: number | undefined): boolean {
    const lines = fp === undefined ? undefined : linesOf.get(fp)
    if (fp === undefined || !lines) return false
    merged.push(...lines)
    linesOf.delete(fp)
    return true
  }
}
