/** One recording: by whom, for how long, in which format; from memory, by V8's own profiler where that can't be had. */
import type Protocol from 'devtools-protocol'
import { sampleFromMemory } from '../capture/memory-sampler.js'
import { createProfileCapturer } from '../capture/profile-capturer.js'
import { runCapturer } from '../capture/run-capturer.js'
import { CaptureSession } from '../capture/session.js'
import { speedscopePage } from '../export/speedscope-page.js'
import { recordingTimeline } from '../export/timeline/recording-timeline.js'
import { outsideInspector } from '../inspector/open-inspector.js'
import { followClocks } from '../investigate/follow-clocks.js'
import { startedProcesses } from '../investigate/started-processes.js'
import { plural } from '../model/amounts.js'
import { printableJson } from '../model/printable.js'
import type { RecordingEnd } from '../model/samples.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Target } from '../model/target.js'
import type { Timeline } from '../model/timeline.js'
import { fromCpuProfile } from '../profile/from-cpu-profile.js'
import { hottestFunctions, type HotFunction } from '../profile/hottest.js'
import { createRedactor } from '../redact/redactor.js'
import { printLine, printStep } from './output.js'
import { type Format, renderSamples } from './profile-formats.js'
import { commandOf, profileTitle } from './recording-formats.js'

export interface RecordingOptions {
  /** Seconds. */
  readonly duration: number
  /** Samples a second. */
  readonly rate: number
  readonly engine: 'auto' | 'memory' | 'inspector'
  readonly format: Format
  readonly stop?: boolean
  readonly subprocesses?: boolean
}

/** How many functions the closing lines name. */
const HOTTEST = 5

const EVERY_MS = 500

/** One line on a terminal while it records; nothing elsewhere. */
export function progress(
  pid: number,
  durationMs: number,
  of = 'sample',
): ((count: number) => void) & { readonly end: () => void } {
  // The process is opened first, and its heap is searched.
  let startedMs: number | null = null
  let saidMs = -EVERY_MS
  const say = (count: number): void => {
    startedMs ??= performance.now()
    const atMs = performance.now() - startedMs
    if (!process.stderr.isTTY || atMs - saidMs < EVERY_MS) return
    saidMs = atMs
    const left = Math.max(0, Math.ceil((durationMs - atMs) / 1000))
    printStep(`recording ${pid}: ${left} s left, ${plural(count, of)}; Ctrl-C ends it early and keeps them`)
  }
  return Object.assign(say, {
    end: () => {
      if (process.stderr.isTTY) printStep('')
    },
  })
}

export interface Recorded {
  readonly content: string | Uint8Array
  readonly samples: number
  readonly missed: number
  readonly engine: 'memory' | 'inspector'
  /** Hottest first. */
  readonly hottest: readonly HotFunction[]
  readonly end?: RecordingEnd | undefined
  readonly pausedMs?: number | undefined
  readonly stoppedMs?: number | undefined
}

/** @throws StallError why there is nothing; one that `--engine auto` can do something about is not thrown. */
export async function recordWith(target: Target, options: RecordingOptions, signal: AbortSignal): Promise<Recorded> {
  if (options.engine === 'inspector') return byInspector(target, options, signal)
  // Only a timeline has a place for them.
  const following = options.format === 'firefox' ? followClocks(target.pid) : null
  try {
    const durationMs = options.duration * 1000
    const startedAtMs = Date.now()
    // Asked before it ends.
    const command = commandOf(target)
    const onSample = progress(target.pid, durationMs)
    const { rate, stop = false, subprocesses } = options
    const others =
      subprocesses === true ? { others: startedProcesses(target.procRoot ?? `/proc/${target.pid}`, target.pid) } : {}
    const sampling = sampleFromMemory(target, { durationMs, rate, signal, onSample, stop, ...others })
    const samples = await sampling.finally(onSample.end)
    const title = profileTitle(target, 'memory', samples)
    const clocks = (await following?.stop()) ?? []
    const facts = { title, process: command, pid: target.pid, startedAtMs, clocks }
    const timeline = (): Timeline => recordingTimeline(samples, facts)
    const content = await renderSamples(samples, options.format, { title, startedAtMs, timeline })
    const workers = samples.workers?.length ?? 0
    if (workers > 0 && options.format === 'cpuprofile') {
      printLine(
        `A cpuprofile has one thread: ${plural(workers, 'worker thread')} left out; -f speedscope has a track each`,
      )
    }
    const hottest = hottestFunctions(samples, HOTTEST)
    const { missed, end, pausedMs, stoppedMs } = samples
    return { content, samples: samples.samples.length, missed, engine: 'memory', hottest, end, pausedMs, stoppedMs }
  } catch (thrown) {
    const error = toStallError(thrown)
    // The inspector needs no layout; a process that may not be read may not be sent a signal either.
    if (options.engine === 'memory' || error.code !== 'ERR_STALL_V8_LAYOUT_UNKNOWN') throw error
    printLine(`conductor-diag: ${error.message}; by the inspector then`)
    return byInspector(target, options, signal)
  } finally {
    await following?.stop()
  }
}

async function byInspector(target: Target, options: RecordingOptions, signal: AbortSignal): Promise<Recorded> {
  const access = outsideInspector()
  try {
    const durationMs = options.duration * 1000
    const capturer = createProfileCapturer(access, durationMs)
    const deadlineMs = performance.now() + durationMs + 15_000
    const session = new CaptureSession(target, { locals: false, redactor: createRedactor() })
    const outcome = await runCapturer(capturer, session, { deadlineMs, signal })
    if (outcome.status === 'unavailable') throw outcome.error
    if (outcome.status === 'timed-out') {
      throw new StallError('ERR_STALL_INSPECTOR_TIMEOUT', 'the profile did not come in time')
    }
    const { profile, summary } = outcome.evidence
    const content = await renderV8(profile, target, options.format)
    return {
      content,
      samples: summary.samples,
      missed: 0,
      engine: 'inspector',
      hottest: summary.hot.slice(0, HOTTEST),
    }
  } finally {
    await access.close()
  }
}

/** As V8 gave it where its own format will do: it knows where functions begin, and which of their lines ran. */
async function renderV8(
  profile: Protocol.Profiler.Profile,
  target: Target,
  format: Format,
): Promise<string | Uint8Array> {
  const title = profileTitle(target, 'V8')
  const json = printableJson(JSON.stringify(profile))
  if (format === 'cpuprofile') return json
  if (format === 'speedscope') return speedscopePage(title, json).html
  const samples = fromCpuProfile(profile)
  const startedAtMs = Date.now() - (profile.endTime - profile.startTime) / 1000
  const facts = { title, process: commandOf(target), pid: target.pid, startedAtMs, clocks: [] }
  return renderSamples(samples, format, { title, startedAtMs, timeline: () => recordingTimeline(samples, facts) })
}
