/** The formats of `record` and `export`: what each is called, who opens it, and how samples become one. */
import { speedscopePage } from '../export/speedscope-page.js'
import { printableJson } from '../model/printable.js'
import type { StackSamples } from '../model/samples.js'
import type { Timeline } from '../model/timeline.js'
import { toCollapsed } from '../profile/collapsed.js'
import { toCpuProfile } from '../profile/cpu-profile.js'
import { toSpeedscope } from '../profile/speedscope.js'

export const FORMATS = ['cpuprofile', 'speedscope', 'collapsed', 'pprof', 'firefox'] as const
export type Format = (typeof FORMATS)[number]

export const FORMATS_HELP =
  'cpuprofile (DevTools, VS Code), speedscope (one HTML page), collapsed, pprof, firefox (a timeline)'

export const OPENED_BY: Readonly<Record<Format, string>> = {
  cpuprofile: 'Open it in DevTools (Performance), VS Code or https://www.speedscope.app',
  speedscope: 'Open it in a browser; it needs no network',
  collapsed: 'Feed it to flamegraph.pl, inferno or speedscope',
  pprof: 'Open it with go tool pprof, Pyroscope, Parca or speedscope',
  firefox: 'Load it at https://profiler.firefox.com (it stays in the browser), or with profiler-cli',
}

export const ENDINGS: Readonly<Record<Format, string>> = {
  cpuprofile: 'cpuprofile',
  speedscope: 'html',
  collapsed: 'collapsed.txt',
  pprof: 'pb.gz',
  firefox: 'firefox.json',
}

export interface Rendering {
  readonly title: string
  /** Wall clock of the first sample, ms since the epoch. */
  readonly startedAtMs: number
  readonly timeline: () => Timeline
}

export async function renderSamples(
  samples: StackSamples,
  format: Format,
  { title, startedAtMs, timeline }: Rendering,
): Promise<string | Uint8Array> {
  switch (format) {
    case 'collapsed':
      return toCollapsed(samples)
    case 'pprof': {
      // Only whoever asks for it loads the encoder.
      const { toPprof } = await import('../profile/pprof.js')
      return toPprof(samples, { startedAtMs, comment: title })
    }
    case 'cpuprofile':
      return printableJson(JSON.stringify(toCpuProfile(samples)))
    case 'speedscope':
      return speedscopePage(title, printableJson(JSON.stringify(toSpeedscope(samples, title)))).html
    case 'firefox': {
      const { toFirefoxProfile } = await import('../profile/firefox/firefox-profile.js')
      return JSON.stringify(toFirefoxProfile(timeline()))
    }
  }
}
