/**
 * Whose code is to blame: the innermost frame of the user's own, outside node, packages and the agent, and the way
 * from there out to the poll loop. In one place, so that every verdict blames alike.
 */
import type { AwaitNode } from '../../model/await.js'
import type { Frame, FrameOrigin } from '../../model/frame.js'
import { lineOfText } from '../../model/line-of.js'
import type { VerdictPlace } from '../../model/verdict.js'
import { originOf } from '../../source/origin.js'

export interface Blame {
  readonly where: VerdictPlace | null
  readonly chain: readonly Frame[]
  /** `user`, or `dependency` when no user frame was found: a weaker statement. */
  readonly origin: FrameOrigin
}

const NOBODY: Blame = { where: null, chain: [], origin: 'unknown' }

/** `frames` innermost first, async parents after them. Frames without a position can't be blamed. */
export function blameFrames(frames: readonly Frame[]): Blame {
  for (const origin of ['user', 'dependency'] as const) {
    const index = frames.findIndex((frame) => originOfFrame(frame) === origin && isPlaced(frame))
    const frame = frames[index]
    const where = frame === undefined ? null : placeOf(frame)
    if (where !== null) return { where, chain: chainOf(frames.slice(index)), origin }
  }
  return NOBODY
}

/** The same for a suspended function and those that await it. */
export function blameAwait(node: AwaitNode): Blame {
  return blameFrames([frameOf(node), ...node.awaitedBy])
}

/**
 * The code of a lock or pool of the user's own is not what is to blame, but who waits for it there: the next of the user's
 * frames further out, when there is one.
 */
export function blameCaller(node: AwaitNode): Blame {
  const frames = [frameOf(node), ...node.awaitedBy]
  const own = frames.findIndex((frame) => originOfFrame(frame) === 'user' && isPlaced(frame))
  const further = blameFrames(frames.slice(own + 1))
  return own !== 0 || further.origin !== 'user' ? blameFrames(frames) : further
}

/** By its original file where a source map tells that: a package that was bundled is no code of the user's. */
export function originOfFrame(frame: Frame): FrameOrigin {
  if (frame.native) return 'native'
  const generated = originOf(frame.file)
  return generated === 'user' && frame.source !== undefined ? originOf(frame.source.file) : generated
}

/** Frames that say something to the reader: no C++, no agent; of node only what is between other frames is dropped. */
function chainOf(frames: readonly Frame[]): Frame[] {
  return frames.filter((frame) => {
    const origin = originOfFrame(frame)
    return origin === 'user' || origin === 'dependency'
  })
}

function isPlaced(frame: Frame): boolean {
  return frame.file !== null && frame.line !== null
}

export function placeOf(
  frame: Pick<Frame, 'function' | 'file' | 'line' | 'column' | 'source' | 'lineOf'>,
): VerdictPlace | null {
  if (frame.file === null || frame.line === null) return null
  return {
    function: frame.function,
    file: frame.file,
    line: frame.line,
    column: frame.column,
    ...(frame.source === undefined ? {} : { source: frame.source }),
    ...(frame.lineOf === undefined ? {} : { lineOf: frame.lineOf }),
  }
}

export function frameOf(node: AwaitNode): Frame {
  return {
    function: node.function,
    file: node.file,
    line: node.line,
    column: node.column,
    tier: null,
    async: true,
    native: false,
    ...(node.source === undefined ? {} : { source: node.source }),
  }
}

/** `poll (worker.js:18)`, `sum (defined at worker.js:3)`: the short form for sentences. */
export function placeText(place: VerdictPlace | null): string {
  if (place === null) return 'unknown code'
  const file = place.source?.file ?? place.file
  const line = place.source?.line ?? place.line
  const at = lineOfText(place.lineOf)
  return `${place.function ?? 'an anonymous function'} (${at}${file.slice(file.lastIndexOf('/') + 1)}:${line})`
}
