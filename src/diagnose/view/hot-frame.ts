/**
 * Which function a running thread is in, over many stacks: the innermost one of the user's that stays, and its
 * hottest line.
 */
import type { Frame } from '../../model/frame.js'
import { blameFrames, originOfFrame, type Blame } from './blame.js'
import { callerOf, stacksWith, type Caller } from './callers.js'
import { innerPackageOf, type InnerPackage } from './inner-package.js'

export interface HotFrame {
  readonly blame: Blame
  /** Stacks whose innermost user function is the same one, as a share of all. */
  readonly share: number
  /**
   * One function of the user's is in (nearly) every stack, at the same depth from the bottom. No proof that one call
   * of it lasts: a stack looks the same when it has returned and was called anew at the same place.
   */
  readonly stays: boolean
  readonly stacks: number
  /** Stacks that the blamed function is in. */
  readonly holding: number
  /** Who called the blamed function; null where that is not the user's or a package's code. */
  readonly caller: Caller | null
  /** The function of a package below it that is in nearly all stacks; null where its own code runs. */
  readonly inner: InnerPackage | null
}

/** Null without a stack that has a frame to blame. Stacks innermost first. */
export function hotFrameOf(all: readonly (readonly Frame[])[]): HotFrame | null {
  const telling = all.filter((frames) => ownFrames(frames).length > 0 || !isPart(frames))
  const stacks = telling.length * 2 > all.length ? telling : all
  const blamed = stacks.map((frames) => ({ frames, blame: blameFrames(frames) })).filter((each) => each.blame.where)
  if (blamed.length === 0) return null
  const common = commonUserFrame(stacks)
  const groups = groupBy(blamed, (each) => functionKey(each.blame.where))
  const innermost = largest(groups)
  const share = innermost.length / stacks.length
  // A leaf that is there most of the time is the place to look at; else the loop that keeps calling leaves.
  const atLoop =
    common === null || share >= MOSTLY
      ? innermost
      : stacks.filter((frames) => ownFrames(frames).length > common).map((frames) => at(frames, common))
  const usable = atLoop.filter((each) => each.blame.where !== null)
  const hottest = largest(groupBy(bestPlaced(usable), (each) => String(each.blame.where?.line)))[0]
  if (hottest === undefined) return null
  return {
    blame: hottest.blame,
    share,
    stays: common !== null,
    stacks: stacks.length,
    holding: stacksWith(stacks, hottest.blame.where),
    caller: callerOf(stacks, hottest.blame.where),
    inner: innerPackageOf(stacks, hottest.blame.where),
  }
}

/** Read of a running thread without its registers: the inner frames may be missing, and their absence shows nothing. */
function isPart(frames: readonly Frame[]): boolean {
  return frames.some((frame) => frame.probable === true)
}

/** From here on the leaf itself is blamed rather than its caller. */
const MOSTLY = 0.6

interface Blamed {
  readonly frames: readonly Frame[]
  readonly blame: Blame
}

function at(frames: readonly Frame[], depthFromBottom: number): Blamed {
  const own = ownFrames(frames)
  const from = own.length - 1 - depthFromBottom
  return { frames, blame: blameFrames([...own.slice(from), ...frames.filter((frame) => frame.async)]) }
}

/** Depth from the bottom of the innermost user function that is in all stacks at that depth; null with one stack. */
function commonUserFrame(stacks: readonly (readonly Frame[])[]): number | null {
  if (stacks.length < 2) return null
  let turned: (readonly Frame[])[] = stacks.map((frames) => ownFrames(frames).toReversed())
  // A stack of a running thread may be torn: one of ten may differ, none of a few.
  const enough = Math.ceil(stacks.length * NEARLY_ALL)
  let found: number | null = null
  for (let depth = 0; ; depth++) {
    const alike = mostAlike(turned, depth)
    if (alike.length < enough) break
    turned = alike
    const frame = alike[0]?.[depth]
    if (frame !== undefined && originOfFrame(frame) === 'user') found = depth
  }
  if (found === null || found > firstUserDepth(turned[0] ?? []) || leafStays(turned, found)) return found
  // The outermost user function, with callees that change: called anew for each item, or looping itself?
  return stacks.some(isPumped) ? null : found
}

const NEARLY_ALL = 0.9

/** The largest group of stacks that have the same function at this depth. */
function mostAlike(turned: readonly (readonly Frame[])[], depth: number): (readonly Frame[])[] {
  let best: (readonly Frame[])[] = []
  for (const stack of turned) {
    const frame = stack[depth]
    if (frame === undefined) continue
    const group = turned.filter((other) => sameFunction(other[depth], frame))
    if (group.length > best.length) best = group
  }
  return best
}

function firstUserDepth(bottomUp: readonly Frame[]): number {
  return bottomUp.findIndex((frame) => originOfFrame(frame) === 'user')
}

function leafStays(turned: readonly (readonly Frame[])[], depth: number): boolean {
  const above = turned.map((frames) => frames[depth + 1])
  return above.every((frame) => (above[0] === undefined ? frame === undefined : sameFunction(frame, above[0])))
}

/** Node's own loops that call one callback after the other within a single turn of the event loop. */
const PUMPS = new Set([
  'listOnTimeout',
  'processTimers',
  'processImmediate',
  'processTicksAndRejections',
  'runNextTicks',
])

function isPumped(frames: readonly Frame[]): boolean {
  return frames.some((frame) => originOfFrame(frame) === 'node' && PUMPS.has(frame.function ?? ''))
}

/**
 * What is on the machine stack of the user's and of packages: engines differ in the C++, builtins and frames of node's
 * that they show, and inspector and memory may both have been used.
 */
function ownFrames(frames: readonly Frame[]): Frame[] {
  return frames.filter((frame) => {
    const origin = originOfFrame(frame)
    return !frame.async && (origin === 'user' || origin === 'dependency')
  })
}

/** Functions without a name are told apart by the line they are at: many of them may share a file. */
function sameFunction(one: Frame | undefined, other: Frame): boolean {
  if (one === undefined || one.function !== other.function || one.file !== other.file) return false
  return one.function !== null || one.line === other.line
}

function functionKey(where: Blame['where']): string {
  return `${where?.function ?? ''}|${where?.file ?? ''}`
}

/** Of the stacks those that know best where the call is: its line, its only loop, where it is defined. */
function bestPlaced(items: readonly Blamed[]): readonly Blamed[] {
  const known = items.filter((each) => each.blame.where?.lineOf === undefined)
  if (known.length > 0) return known
  const inLoop = items.filter((each) => each.blame.where?.lineOf === 'loop')
  return inLoop.length > 0 ? inLoop : items
}

function groupBy(items: readonly Blamed[], key: (item: Blamed) => string): Blamed[][] {
  const groups = new Map<string, Blamed[]>()
  for (const item of items) {
    const name = key(item)
    groups.set(name, [...(groups.get(name) ?? []), item])
  }
  return [...groups.values()]
}

function largest(groups: readonly Blamed[][]): Blamed[] {
  return groups.reduce<Blamed[]>((best, group) => (group.length > best.length ? group : best), [])
}
