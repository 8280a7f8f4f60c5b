/** Stack samples as a `.cpuprofile`, as Chrome's DevTools, VS Code and speedscope open it (Profiler.Profile). */
import type { Frame } from '../model/frame.js'
import { frameName, functionKey } from './frame-name.js'
import type { StackSamples } from '../model/samples.js'

/** The fields of Profiler.Profile that every reader needs. */
export interface CpuProfile {
  readonly nodes: readonly CpuProfileNode[]
  /** Microseconds. */
  readonly startTime: number
  readonly endTime: number
  /** Node ids, one a sample. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface CpuProfileNode {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly scriptId: string
    readonly url: string
    /** From 0: the first line of the function that was seen. Where it begins a sample does not tell. */
    readonly lineNumber: number
    readonly columnNumber: number
  }
  hitCount: number
  readonly children: number[]
  /** How often each line (from 1) of it was the one that ran, in the order of lines. */
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[]
}

interface TreeNode extends CpuProfileNode {
  readonly byKey: Map<string, TreeNode>
  readonly ticks: Map<number, number>
}

export function toCpuProfile({ samples }: StackSamples): CpuProfile {
  const begins = firstPlaces(samples)
  const nodes: TreeNode[] = []
  const make = (name: string, frame: Frame | null): TreeNode => {
    const place = frame === null ? null : (begins.get(functionKey(frame, frame.function)) ?? frame)
    const node: TreeNode = {
      id: nodes.length + 1,
      callFrame: {
        functionName: name,
        scriptId: '0',
        url: urlOf(place?.file ?? null),
        lineNumber: (place?.line ?? 0) - 1,
        columnNumber: (place?.column ?? 0) - 1,
      },
      hitCount: 0,
      children: [],
      byKey: new Map(),
      ticks: new Map(),
    }
    nodes.push(node)
    return node
  }
  const root = make('(root)', null)
  const ids: number[] = []
  const deltas: number[] = []
  let previousMs = 0
  for (const sample of samples) {
    let node = root
    for (const frame of sample.frames.toReversed()) {
      const name = frame.function === null && frame.probable !== true ? '' : frameName(frame)
      const key = functionKey(frame, name)
      let child = node.byKey.get(key)
      if (!child) {
        child = make(name, frame)
        node.byKey.set(key, child)
        node.children.push(child.id)
      }
      node = child
    }
    node.hitCount++
    const line = sample.frames[0]?.line ?? null
    if (line !== null) node.ticks.set(line, (node.ticks.get(line) ?? 0) + 1)
    ids.push(node.id)
    deltas.push(Math.round((sample.atMs - previousMs) * 1000))
    previousMs = sample.atMs
  }
  return {
    nodes: nodes.map(({ id, callFrame, hitCount, children, ticks }) => {
      const positionTicks = [...ticks].sort(([a], [b]) => a - b).map(([line, count]) => ({ line, ticks: count }))
      return { id, callFrame, hitCount, children, ...(positionTicks.length === 0 ? {} : { positionTicks }) }
    }),
    startTime: 0,
    endTime: Math.round(previousMs * 1000),
    samples: ids,
    timeDeltas: deltas,
  }
}

/** Readers take a function for another one when its place is another: each has one place in all of the tree. */
function firstPlaces(samples: StackSamples['samples']): ReadonlyMap<string, Frame> {
  const first = new Map<string, Frame>()
  for (const { frames } of samples) {
    for (const frame of frames) {
      const key = functionKey(frame, frame.function)
      const known = first.get(key)
      if (known === undefined || (frame.line ?? Infinity) < (known.line ?? Infinity)) first.set(key, frame)
    }
  }
  return first
}

/** Readers group by URL; an absolute path becomes one. */
function urlOf(file: string | null): string {
  return file?.startsWith('/') === true ? `file://${encodeURI(file)}` : (file ?? '')
}
