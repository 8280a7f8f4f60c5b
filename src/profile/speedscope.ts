/** Stack samples as speedscope's own file, a track a thread (https://www.speedscope.app/file-format-schema.json). */
import type { Frame } from '../model/frame.js'
import type { StackSample, StackSamples } from '../model/samples.js'
import { frameName, functionKey } from './frame-name.js'
import { trackName } from './track-name.js'

interface SpeedscopeFrame {
  readonly name: string
  readonly file?: string
  readonly line?: number
}

export interface SpeedscopeFile {
  readonly $schema: string
  readonly name: string
  readonly shared: { readonly frames: readonly SpeedscopeFrame[] }
  readonly profiles: readonly {
    readonly type: 'sampled'
    readonly name: string
    readonly unit: 'milliseconds'
    readonly startValue: number
    readonly endValue: number
    /** Indexes of frames, outermost first. */
    readonly samples: readonly (readonly number[])[]
    /** How long each sample stands for. */
    readonly weights: readonly number[]
  }[]
}

/** @param name what the whole recording is of */
export function toSpeedscope({ samples, workers = [] }: StackSamples, name: string): SpeedscopeFile {
  const frames: SpeedscopeFrame[] = []
  const known = new Map<string, number>()
  const indexOf = (frame: Frame): number => {
    const key = functionKey(frame)
    const index = known.get(key) ?? frames.length
    if (index === frames.length) {
      known.set(key, index)
      const place =
        frame.file === null ? {} : { file: frame.file, ...(frame.line === null ? {} : { line: frame.line }) }
      frames.push({ name: frameName(frame), ...place })
    }
    return index
  }
  const endValue = samples.at(-1)?.atMs ?? 0
  const track = (own: readonly StackSample[], of: string): SpeedscopeFile['profiles'][number] => ({
    type: 'sampled',
    name: of,
    unit: 'milliseconds',
    startValue: own[0]?.atMs ?? 0,
    endValue: Math.max(endValue, own.at(-1)?.atMs ?? 0),
    samples: own.map((sample) => sample.frames.toReversed().map(indexOf)),
    weights: weightsOf(own, endValue),
  })
  const profiles = [
    track(samples, name),
    ...workers.map((worker) =>
      track(worker.samples, worker.process === undefined ? `${trackName(worker)} of ${name}` : trackName(worker)),
    ),
  ]
  return { $schema: 'https://www.speedscope.app/file-format-schema.json', name, shared: { frames }, profiles }
}

/** Until the next sample; the last one, after which a thread may have ended, counts no more than the one before. */
function weightsOf(own: readonly StackSample[], endValue: number): number[] {
  const weights: number[] = []
  for (const [index, { atMs }] of own.entries()) {
    const next = own[index + 1]?.atMs ?? Math.min(Math.max(endValue, atMs), atMs + (weights.at(-1) ?? Infinity))
    weights.push(next - atMs)
  }
  return weights
}
