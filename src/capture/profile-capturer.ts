/** `profile`: a CPU profile of the main thread for as long as the deadline leaves, as every browser opens it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type Protocol from 'devtools-protocol'
import type { ProfileSummary } from '../model/samples.js'
import { StallError } from '../model/stall-error.js'
import type { CdpConnection } from '../inspector/connection/cdp-connection.js'
import type { Capturer } from './capturer.js'
import type { InspectorAccess } from '../inspector/inspector-access.js'
import { summarizeProfile } from '../inspector/stack/profile-summary.js'

export interface CapturedProfile {
  /** `.cpuprofile` content. */
  readonly profile: Protocol.Profiler.Profile
  readonly summary: ProfileSummary
}

export const PROFILE_ARTIFACT = 'cpu.cpuprofile'

const SAMPLING_INTERVAL_US = 1000
const COMMAND_MS = 1000
/** What is left over after profiling, for V8 to build the tree and for the bundle to be written. */
const RESERVE_MS = 1500
const MIN_PROFILE_MS = 200

export function createProfileCapturer(access: InspectorAccess, profileMs: number): Capturer<CapturedProfile> {
  return {
    name: 'profile',
    supports: () =>
      profileMs > 0
        ? 'yes'
        : { no: 'no CPU profile was asked for (--profile SECONDS, CONDUCTOR_STALL_PROFILE_SECONDS)' },
    async capture({ target }, { deadlineMs, signal }) {
      const forMs = Math.min(profileMs, deadlineMs - performance.now() - RESERVE_MS)
      if (forMs < MIN_PROFILE_MS) {
        throw new StallError('ERR_STALL_NOT_REACHED', `only ${Math.round(forMs)} ms were left for a CPU profile`)
      }
      try {
        const profile = await record(await access.connection(target, deadlineMs), forMs, deadlineMs, signal)
        return { profile, summary: summarizeProfile(profile, PROFILE_ARTIFACT) }
      } finally {
        await access.release()
      }
    },
  }
}

async function record(
  connection: CdpConnection,
  forMs: number,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Protocol.Profiler.Profile> {
  const within = (ms: number): number => Math.min(deadlineMs, performance.now() + ms)
  await connection.send('Profiler.enable', undefined, within(COMMAND_MS))
  try {
    await connection.send('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US }, within(COMMAND_MS))
    await connection.send('Profiler.start', undefined, within(COMMAND_MS))
    // Ended early, the profile so far counts.
    await sleep(forMs, undefined, { signal }).catch(() => undefined)
    const { profile } = await connection.send('Profiler.stop', undefined, deadlineMs)
    return profile
  } finally {
    // A target that does not answer any more is released by the end of the connection.
    await connection.send('Profiler.disable', undefined, performance.now() + 500).catch(() => connection.disconnect())
  }
}
