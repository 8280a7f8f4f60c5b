/** The formats of `record`: what each is called, who opens it, and how samples become one. */
import { hostname } from 'node:os'
import { speedscopePage } from '../export/speedscope-page.js'
import { readCommandLine } from '../platform/procfs/process.js'
import { printable, printableJson } from '../model/printable.js'
import type { RecordingEnd, StackSamples } from '../model/samples.js'
import type { Target } from '../model/target.js'
import { toCollapsed } from '../profile/collapsed.js'
import { toCpuProfile } from '../profile/cpu-profile.js'
import { toSpeedscope } from '../profile/speedscope.js'
import { createRedactor } from '../redact/redactor.js'

export const FORMATS = ['cpuprofile', 'speedscope', 'collapsed', 'pprof'] as const
export type Format = (typeof FORMATS)[number]

export const OPENED_BY: Readonly<Record<Format, string>> = {
  cpuprofile: 'Open it in DevTools (Performance), VS Code or https://www.speedscope.app',
  speedscope: 'Open it in a browser; it needs no network',
  collapsed: 'Feed it to flamegraph.pl, inferno or speedscope',
  pprof: 'Open it with go tool pprof, Pyroscope, Parca or speedscope',
}

/** Why sampling came to an end by itself; the rest of a sentence. */
export const ENDS: Readonly<Record<RecordingEnd, string>> = {
  ended: 'has ended',
  replaced: 'runs another program since (exec)',
}

const ENDINGS: Readonly<Record<Format, string>> = {
  cpuprofile: 'cpuprofile',
  speedscope: 'html',
  collapsed: 'collapsed.txt',
  pprof: 'pb.gz',
}

/**
 * @param startedAtMs wall clock of the first sample, ms since the epoch
 * @param of what it is a profile of, where that is not time on the CPU
 */
export async function renderSamples(
  samples: StackSamples,
  target: Target,
  format: Format,
  startedAtMs: number,
  of = '',
): Promise<string | Uint8Array> {
  if (format === 'collapsed') return toCollapsed(samples)
  const title = `${of === '' ? '' : `${of} · `}${profileTitle(target, 'memory', of === '' ? samples : undefined)}`
  if (format === 'pprof') {
    // Only whoever asks for it loads the encoder.
    const { toPprof } = await import('../profile/pprof.js')
    return toPprof(samples, { startedAtMs, comment: title })
  }
  if (format === 'cpuprofile') return printableJson(JSON.stringify(toCpuProfile(samples)))
  return speedscopePage(title, printableJson(JSON.stringify(toSpeedscope(samples, title)))).html
}

/** What a page that is sent around has to say of itself: of what, where, when, how, and what was missed. */
export function profileTitle(target: Target, engine: string, samples?: StackSamples): string {
  const command = createRedactor().argv(readCommandLineOf(target)).join(' ')
  const turns = samples === undefined ? 0 : samples.samples.length + samples.missed
  const missed = samples !== undefined && samples.missed > 0 ? `, ${samples.missed} of ${turns} turns missed` : ''
  const when = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  return printable(`${command || 'node'} · pid ${target.pid} on ${hostname()} · ${when} · by ${engine}${missed}`)
}

function readCommandLineOf(target: Target): readonly string[] {
  try {
    return readCommandLine(target.procRoot ?? `/proc/${target.pid}`)
  } catch {
    // It has ended, or keeps its command line to itself.
    return []
  }
}

export function defaultName(pid: number, format: Format): string {
  const time = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-')
  return `${pid}-${time}.${ENDINGS[format]}`
}
