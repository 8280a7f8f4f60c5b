/** Stack samples as a `.cpuprofile`, as Chrome's DevTools, VS Code and speedscope open it (Profiler.Profile). */
import type { Frame } from '../model/frame.js'
import { frameName } from './frame-name.js'
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
    /** From 0: where the sample was, not where the function begins, which a sample does not tell. */
    readonly lineNumber: number
    readonly columnNumber: number
  }
  hitCount: number
  readonly children: number[]
}

interface TreeNode extends CpuProfileNode {
  readonly byKey: Map<string, TreeNode>
}

export function toCpuProfile(samples: StackSamples): CpuProfile {
  const nodes: TreeNode[] = []
  const make = (name: string, frame: Frame | null): TreeNode => {
    const node: TreeNode = {
      id: nodes.length + 1,
      callFrame: {
        functionName: name,
        scriptId: '0',
        url: urlOf(frame?.file ?? null),
        lineNumber: (frame?.line ?? 0) - 1,
        columnNumber: (frame?.column ?? 0) - 1,
      },
      hitCount: 0,
      children: [],
      byKey: new Map(),
    }
    nodes.push(node)
    return node
  }
  const root = make('(root)', null)
  const ids: number[] = []
  const deltas: number[] = []
  let previousMs = 0
  for (const sample of samples.samples) {
    let node = root
    for (const frame of sample.frames.toReversed()) {
      const name = frame.function === null && frame.probable !== true ? '' : frameName(frame)
      const key = `${name}\n${frame.file ?? ''}\n${frame.line ?? ''}`
      let child = node.byKey.get(key)
      if (!child) {
        child = make(name, frame)
        node.byKey.set(key, child)
        node.children.push(child.id)
      }
      node = child
    }
    node.hitCount++
    ids.push(node.id)
    deltas.push(Math.round((sample.atMs - previousMs) * 1000))
    previousMs = sample.atMs
  }
  return {
    nodes: nodes.map(({ id, callFrame, hitCount, children }) => ({ id, callFrame, hitCount, children })),
    startTime: 0,
    endTime: Math.round(previousMs * 1000),
    samples: ids,
    timeDeltas: deltas,
  }
}

/** Readers group by URL; an absolute path becomes one. */
function urlOf(file: string | null): string {
  return file?.startsWith('/') === true ? `file://${encodeURI(file)}` : (file ?? '')
}
