/** Stack samples as pprof's gzipped protobuf: what `go tool pprof`, Pyroscope, Parca and cloud profilers read. */
import { gzipSync } from 'node:zlib'
import { Function as PprofFunction, Label, Line, Location, Profile, Sample, StringTable, ValueType } from 'pprof-format'
import type { Frame } from '../model/frame.js'
import { frameName, functionKey } from './frame-name.js'
import type { StackSample, StackSamples } from '../model/samples.js'
import { MAIN_TRACK, trackName } from './track-name.js'

export interface PprofOptions {
  /** Wall clock of the first sample, ms since the epoch. */
  readonly startedAtMs: number
  /** Said in the profile: command, process, host, what was missed. */
  readonly comment: string
}

/** With worker threads each sample has a label `thread`. */
export function toPprof({ samples, workers = [] }: StackSamples, { startedAtMs, comment }: PprofOptions): Uint8Array {
  const strings = new StringTable()
  const functions = new Map<string, PprofFunction>()
  const locations = new Map<string, Location>()
  const functionOf = (frame: Frame): PprofFunction => {
    const name = frameName(frame)
    const key = functionKey(frame)
    const known = functions.get(key)
    if (known) return known
    const text = strings.dedup(name)
    const made = new PprofFunction({
      id: functions.size + 1,
      name: text,
      systemName: text,
      filename: strings.dedup(frame.file ?? ''),
    })
    functions.set(key, made)
    return made
  }
  const locationOf = (frame: Frame): Location => {
    const of = functionOf(frame)
    const key = `${of.id}:${frame.line ?? 0}`
    const known = locations.get(key)
    if (known) return known
    const line = new Line({ functionId: of.id, line: frame.line ?? 0 })
    const made = new Location({ id: locations.size + 1, line: [line] })
    locations.set(key, made)
    return made
  }
  const sampled = (own: readonly StackSample[], thread: string | null): Sample[] => {
    const label = thread === null ? [] : [new Label({ key: strings.dedup('thread'), str: strings.dedup(thread) })]
    return own.flatMap(({ frames, atMs }, index) => {
      // What has no stack is the end of the one before it.
      if (frames.length === 0) return []
      const next = own[index + 1]?.atMs
      // The last one stands for as long as the one before it did.
      const ms = next === undefined ? atMs - (own[index - 1]?.atMs ?? atMs) : next - atMs
      // Innermost first, as ours are.
      const locationId = frames.map((frame) => locationOf(frame).id)
      return new Sample({ locationId, value: [1, Math.round(ms * 1e6)], label })
    })
  }
  const lasting = [
    ...sampled(samples, workers.length > 0 ? MAIN_TRACK : null),
    ...workers.flatMap((worker) => sampled(worker.samples, trackName(worker))),
  ]
  const count = new ValueType({ type: strings.dedup('samples'), unit: strings.dedup('count') })
  const wall = new ValueType({ type: strings.dedup('wall'), unit: strings.dedup('nanoseconds') })
  const spanMs = samples.at(-1)?.atMs ?? 0
  const profile = new Profile({
    sampleType: [count, wall],
    sample: lasting,
    location: [...locations.values()],
    function: [...functions.values()],
    stringTable: strings,
    timeNanos: BigInt(Math.round(startedAtMs)) * 1_000_000n,
    durationNanos: Math.round(spanMs * 1e6),
    periodType: wall,
    period: samples.length > 1 ? Math.round((spanMs * 1e6) / (samples.length - 1)) : 0,
    comment: [strings.dedup(comment)],
  })
  return gzipSync(profile.encode())
}
