/** Where a profile spent its time: functions by their own share of the samples. */
import type { Frame } from '../model/frame.js'
import { functionKey } from './frame-name.js'
import type { StackSamples } from '../model/samples.js'

export interface HotFunction {
  readonly function: string
  /** Path or URL; null for builtins and what has no code. */
  readonly file: string | null
  /** Share of all samples in which it was the innermost frame, 0 to 1. */
  readonly share: number
}

/** The `most` hottest, hottest first. Whether a frame was certain does not matter here: who ran is the question. */
export function hottestFunctions(recording: StackSamples, most: number): HotFunction[] {
  // Of each process its main thread: workers that wait for work would be what is seen most.
  const mains = (recording.workers ?? []).filter(({ tid, process }) => tid === process?.pid)
  const samples = [...recording.samples, ...mains.flatMap((other) => other.samples)]
  const counts = new Map<string, { readonly frame: Frame; count: number }>()
  for (const { frames } of samples) {
    const [top] = frames
    if (!top) continue
    const key = functionKey(top, top.function)
    const known = counts.get(key)
    if (known) known.count++
    else counts.set(key, { frame: top, count: 1 })
  }
  return [...counts.values()]
    .toSorted((a, b) => b.count - a.count)
    .slice(0, most)
    .map(({ frame, count }) => ({
      function: frame.function ?? `(anonymous, line ${frame.line ?? 'unknown'})`,
      file: frame.file,
      share: count / samples.length,
    }))
}
