/** `record --awaits`: where wall-clock time goes across the awaits of a running process. */
import { AwaitSampler } from '../capture/await-sampler.js'
import { forEachTurn } from '../capture/turns.js'
import { recordingTimeline } from '../export/timeline/recording-timeline.js'
import { formatDuration, plural } from '../model/amounts.js'
import type { Frame } from '../model/frame.js'
import type { Target } from '../model/target.js'
import type { Timeline } from '../model/timeline.js'
import type { WaitProfile, WaitStack } from '../model/wait-profile.js'
import { toSamples } from '../profile/wait-samples.js'
import { createRedactor } from '../redact/redactor.js'
import { placeLine } from '../report/places.js'
import { type Format, renderSamples } from './profile-formats.js'
import { commandOf, profileTitle } from './recording-formats.js'

export interface AwaitsRecordingOptions {
  readonly durationMs: number
  readonly rate: number
  readonly format: Format
  readonly signal: AbortSignal
  readonly onTurn: (count: number) => void
}

export interface AwaitsRecorded {
  readonly content: string | Uint8Array
  readonly profile: WaitProfile
}

/** Turns a second unless told otherwise: waits last longer than a millisecond. */
export const AWAITS_RATE = 10
/** How many the closing lines name. */
const LONGEST = 5

export async function recordAwaits(target: Target, options: AwaitsRecordingOptions): Promise<AwaitsRecorded> {
  const startedAtMs = Date.now()
  const sampler = new AwaitSampler(target, createRedactor())
  try {
    sampler.warmUp()
    let turns = 0
    const missed = await forEachTurn(options, (atMs) => {
      const going = sampler.take(atMs)
      if (going) options.onTurn(++turns)
      return going
    })
    const profile = sampler.profile(missed)
    const title = `waiting time of awaits · ${profileTitle(target, 'memory')}`
    const samples = toSamples(profile)
    const facts = { title, process: commandOf(target), pid: target.pid, startedAtMs, clocks: [] }
    const timeline = (): Timeline => recordingTimeline(samples, facts)
    const content = await renderSamples(samples, options.format, { title, startedAtMs, timeline })
    return { content, profile }
  } finally {
    sampler.dispose()
  }
}

/** The longest waits, for programs. */
export function longestWaits(profile: WaitProfile): object[] {
  const { stacks, allMs } = told(profile)
  return stacks.map(({ frames, waitedMs }) => {
    const [waits, at] = frames
    const { function: name = null, file = null, line = null } = at ?? {}
    const waitsFor = waits?.function ?? null
    return { function: name, file, line, waitsFor, waitedMs: Math.round(waitedMs), share: waitedMs / (allMs || 1) }
  })
}

/** The same as lines: `  61 %  9.8 s  poll (worker.js:18:5): GET http://...`. */
export function longestWaitLines(profile: WaitProfile, cwd: string | null): string[] {
  const { stacks, allMs } = told(profile)
  return stacks.map((stack) => waitLine(stack, allMs, cwd))
}

/** Node's own functions wait beside those that called them, for the same: told twice, a wait would count for half. */
function told(profile: WaitProfile): { readonly stacks: readonly WaitStack[]; readonly allMs: number } {
  const own = profile.stacks.filter(({ frames }) =>
    frames.some(({ file }) => file !== null && !file.startsWith('node:')),
  )
  const stacks = own.length > 0 ? own : profile.stacks
  return { stacks: stacks.slice(0, LONGEST), allMs: stacks.reduce((sum, { waitedMs }) => sum + waitedMs, 0) }
}

function waitLine({ frames, waitedMs }: WaitStack, allMs: number, cwd: string | null): string {
  const [waits, at] = frames
  const share = `${((100 * waitedMs) / (allMs || 1)).toFixed(0)} %`
  return `${share.padStart(6)} ${formatDuration(waitedMs).padStart(8)}  ${placeOf(at, cwd)}: ${waits?.function ?? ''}`
}

function placeOf(frame: Frame | undefined, cwd: string | null): string {
  const name = frame?.function ?? '(anonymous)'
  if (!frame || frame.file === null || frame.line === null) return name
  return placeLine({ function: frame.function, file: frame.file, line: frame.line, column: null }, cwd)
}

export function awaitsSummary({ turns, missed, scans, functions }: WaitProfile): string {
  const lost = missed > 0 ? `, ${missed} of ${turns + missed} turns missed` : ''
  return `${plural(turns, 'turn')}${lost}, up to ${plural(functions, 'suspended function')}, found by ${plural(scans, 'search')}`
}
