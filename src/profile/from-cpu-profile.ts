/** V8's own profile (`.cpuprofile`) as stack samples, so that whatever draws those draws it too. */
import { fileOf, nameOf } from '../inspector/stack/frames.js'
import type { Frame } from '../model/frame.js'
import type { StackSample, StackSamples } from '../model/samples.js'

interface Node {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    readonly lineNumber: number
    readonly columnNumber: number
  }
  readonly children?: readonly number[]
}

/** What is needed of Profiler.Profile; times in microseconds. */
export interface V8Profile {
  readonly nodes: readonly Node[]
  readonly startTime: number
  readonly samples?: readonly number[]
  readonly timeDeltas?: readonly number[]
}

/** Null for what is no profile. */
export function readV8Profile(json: string): StackSamples | null {
  try {
    const samples = fromCpuProfile(JSON.parse(json) as V8Profile)
    const times = [samples.startedAtMs, ...samples.samples.map(({ atMs }) => atMs)]
    return times.every(Number.isFinite) ? samples : null
  } catch {
    // `verify` says what is wrong with it.
    return null
  }
}

/** Deeper trees than V8 draws itself are no profile. */
const MAX_DEPTH = 2000

/**
 * Lines are those where functions begin: which line of a function ran V8 tells only as sums over all samples.
 *
 * @throws TypeError when it is no profile
 */
export function fromCpuProfile({ nodes, startTime, samples = [], timeDeltas = [] }: V8Profile): StackSamples {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map<number, number>()
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id)
  const stacks = new Map<number, readonly Frame[]>()
  const stackOf = (id: number): readonly Frame[] => {
    const known = stacks.get(id)
    if (known !== undefined) return known
    const frames: Frame[] = []
    for (let at: number | undefined = id; at !== undefined && frames.length < MAX_DEPTH; at = parents.get(at)) {
      const node = byId.get(at)
      // The root is no function.
      if (node === undefined || !parents.has(at)) break
      frames.push(frameOf(node))
    }
    stacks.set(id, frames)
    return frames
  }
  const firstUs = timeDeltas[0] ?? 0
  const taken: StackSample[] = []
  let atUs = -firstUs
  for (const [index, id] of samples.entries()) {
    atUs += timeDeltas[index] ?? 0
    taken.push({ atMs: atUs / 1000, frames: stackOf(id) })
  }
  return { engine: 'inspector', startedAtMs: (startTime + firstUs) / 1000, samples: taken, missed: 0 }
}

function frameOf({ callFrame }: Node): Frame {
  const { functionName, url, lineNumber, columnNumber } = callFrame
  return {
    function: nameOf(functionName),
    file: fileOf(url),
    line: lineNumber < 0 ? null : lineNumber + 1,
    column: columnNumber < 0 ? null : columnNumber + 1,
    tier: null,
    async: false,
    native: false,
  }
}
