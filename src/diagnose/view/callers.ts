/**
 * Who called a function that is in many stacks. Stacks of a running thread cannot tell a call that lasts from one that
 * is made again at the same place; the caller, and a builtin that calls back once an item, say where else to look.
 */
import type { Frame } from '../../model/frame.js'
import type { VerdictPlace } from '../../model/verdict.js'
import { blameFrames, originOfFrame } from './blame.js'

export interface Caller {
  readonly where: VerdictPlace
  /** The builtin in between that calls its callback once or more an item (`sort`); else null. */
  readonly iterator: string | null
}

/** Builtins that call a callback many times; V8 shows them as frames of tier `builtin` without a file. */
const ITERATORS = new Set(
  (
    'every filter find findIndex findLast findLastIndex flatMap forEach from groupBy map reduce reduceRight ' +
    'replace replaceAll [Symbol.replace] some sort toSorted parse stringify'
  ).split(' '),
)

/** Stacks, innermost frame first, that have the function of this place on them. */
export function stacksWith(stacks: readonly (readonly Frame[])[], where: VerdictPlace | null): number {
  return where === null ? 0 : stacks.filter((frames) => frames.some((frame) => isOf(frame, where))).length
}

/** The caller in most stacks; null when that is nobody's code but node's. */
export function callerOf(stacks: readonly (readonly Frame[])[], where: VerdictPlace | null): Caller | null {
  if (where === null) return null
  const counts = new Map<string, { readonly caller: Caller | null; count: number }>()
  for (const frames of stacks) {
    const index = frames.findIndex((frame) => isOf(frame, where))
    if (index === -1) continue
    const caller = callerIn(frames.slice(index + 1), where)
    const key = JSON.stringify([caller?.iterator, caller?.where.function, caller?.where.file, caller?.where.line])
    const counted = counts.get(key) ?? { caller, count: 0 }
    counted.count++
    counts.set(key, counted)
  }
  return [...counts.values()].toSorted((one, other) => other.count - one.count)[0]?.caller ?? null
}

/** Calls of the function by itself are skipped: who began the recursion is the one to name. */
function callerIn(outer: readonly Frame[], where: VerdictPlace): Caller | null {
  let iterator: string | null = null
  for (const frame of outer) {
    if (frame.async) return null
    if (frame.tier === 'builtin' && frame.file === null && ITERATORS.has(frame.function ?? '')) {
      iterator ??= frame.function
    }
    const origin = originOfFrame(frame)
    if ((origin !== 'user' && origin !== 'dependency') || isOf(frame, where)) continue
    const caller = blameFrames([frame]).where
    return caller === null ? null : { where: caller, iterator }
  }
  return null
}

/** Functions without a name are told apart by the line they are at: many of them may share a file. */
function isOf(frame: Frame, where: VerdictPlace): boolean {
  if (frame.async || frame.native || frame.function !== where.function || frame.file !== where.file) return false
  return where.function !== null || frame.line === where.line
}
