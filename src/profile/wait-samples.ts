/** A profile of waits in the shape of samples, so that the formats of profiles take it: each stack as long as its time. */
import type { Frame } from '../model/frame.js'
import type { StackSamples } from '../model/samples.js'
import type { WaitProfile } from '../model/wait-profile.js'

export function toSamples(profile: WaitProfile): StackSamples {
  let atMs = 0
  const samples = profile.stacks.map(({ frames, waitedMs }) => {
    const sample = { atMs, frames: frames.map(withLine) }
    atMs += waitedMs
    return sample
  })
  // The end of the last one.
  return { engine: 'memory', samples: [...samples, { atMs, frames: [] }], missed: profile.missed }
}

/** Formats tell functions apart; of a function that awaits in several lines each is a place of its own. */
function withLine(frame: Frame): Frame {
  if (frame.line === null) return frame
  return { ...frame, function: `${frame.function ?? '(anonymous)'}:${frame.line}` }
}
