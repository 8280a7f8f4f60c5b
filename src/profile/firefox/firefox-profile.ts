/**
 * A timeline as a *processed* profile of the Firefox profiler (profiler.firefox.com, `profiler-cli`): threads as tracks,
 * what happened as markers. Version 60 of the format: the first one whose tables are shared by all threads. Viewers
 * upgrade older versions and refuse newer ones than they know, so the oldest that will do is the one to write. The fields
 * are those of `src/types/profile.ts` and the upgraders in `src/profile-logic/processed-profile-versioning.ts` of
 * github.com/firefox-devtools/profiler.
 */
import { printable } from '../../model/printable.js'
import type { Timeline, TimelineMark, TimelineMarkKind, TimelineTrack } from '../../model/timeline.js'
import { VERSION } from '../../model/version.js'
import { CATEGORY, FirefoxTables } from './tables.js'

const PROCESSED_VERSION = 60
/** Of the format that Firefox itself hands out; written by every converter, read by none. */
const GECKO_VERSION = 31

const INSTANT = 0
const INTERVAL = 1

const CATEGORIES = [
  { name: 'Other', color: 'grey', subcategories: ['Other'] },
  { name: 'JavaScript', color: 'yellow', subcategories: ['Other'] },
  { name: 'Node', color: 'green', subcategories: ['Other'] },
  { name: 'Idle', color: 'transparent', subcategories: ['Other'] },
  { name: 'Garbage collector', color: 'orange', subcategories: ['Other'] },
  { name: 'Awaiting', color: 'blue', subcategories: ['Other'] },
]

const LABELS: Readonly<Record<TimelineMarkKind, string>> = {
  beat: 'Beat',
  poll: 'Poll',
  silence: 'Silence',
  task: 'Task',
  look: 'Look',
  capture: 'Capture',
  wait: 'Long wait',
  thread: 'Thread state',
}

export function toFirefoxProfile(timeline: Timeline): object {
  const tables = new FirefoxTables()
  const threads = timeline.tracks.map((track) => threadOf(track, timeline, tables))
  return {
    meta: {
      interval: timeline.intervalMs,
      startTime: timeline.startedAtMs,
      endTime: timeline.startedAtMs + timeline.durationMs,
      profilingStartTime: 0,
      profilingEndTime: timeline.durationMs,
      processType: 0,
      product: printable(timeline.title),
      stackwalk: 1,
      debug: false,
      version: GECKO_VERSION,
      preprocessedProfileVersion: PROCESSED_VERSION,
      importedFrom: `conductor-stall-agent ${VERSION}`,
      arguments: printable(timeline.process),
      categories: CATEGORIES,
      markerSchema: Object.entries(LABELS).map(([name, label]) => schemaOf(name, label)),
      sampleUnits: { time: 'ms', eventDelay: 'ms', threadCPUDelta: 'ns' },
      // Names and places are complete: nothing has to be looked up anywhere.
      symbolicated: true,
      symbolicationNotSupported: true,
      usesOnlyOneStackType: true,
      sourceCodeIsNotOnSearchfox: true,
      keepProfileThreadOrder: true,
      // A viewer hides threads that used little CPU: here those are the ones that wait.
      initialVisibleThreads: timeline.tracks.map((_, index) => index),
      initialSelectedThreads: [0],
      extra: [
        {
          label: 'Notes',
          entries: timeline.notes.map((note, index) => ({
            label: `Note ${index + 1}`,
            format: 'string',
            value: printable(note),
          })),
        },
      ],
    },
    libs: [],
    pages: [],
    counters: [],
    shared: tables.shared,
    threads,
  }
}

function schemaOf(name: string, label: string): object {
  return {
    name,
    tooltipLabel: label,
    tableLabel: '{marker.data.text}',
    chartLabel: '{marker.data.text}',
    display: ['marker-chart', 'marker-table', 'timeline-overview'],
    fields: [{ key: 'text', label: 'What', format: 'string' }],
  }
}

function threadOf(track: TimelineTrack, timeline: Timeline, tables: FirefoxTables): object {
  const { samples } = track
  return {
    // Anything but Gecko's own types: a viewer then knows nothing better of it.
    processType: 'unknown',
    processName: printable(timeline.process),
    processStartupTime: 0,
    processShutdownTime: null,
    registerTime: 0,
    unregisterTime: null,
    pausedRanges: [],
    showMarkersInTimeline: true,
    name: printable(track.name),
    isMainThread: track.isMain,
    pid: String(timeline.pid),
    tid: track.tid ?? `${timeline.pid}-${printable(track.name)}`,
    samples: {
      length: samples.length,
      stack: samples.map(({ frames }) => tables.stack(frames)),
      time: samples.map(({ atMs }) => atMs),
      weight: null,
      weightType: 'samples',
    },
    markers: markersOf(track.marks, tables),
  }
}

function markersOf(marks: readonly TimelineMark[], tables: FirefoxTables): object {
  // In the order of time: viewers search them by halves.
  const sorted = marks.toSorted((a, b) => a.startMs - b.startMs)
  return {
    length: sorted.length,
    name: sorted.map(({ kind }) => tables.string(LABELS[kind])),
    startTime: sorted.map(({ startMs }) => startMs),
    endTime: sorted.map(({ endMs }) => endMs),
    phase: sorted.map(({ endMs }) => (endMs === null ? INSTANT : INTERVAL)),
    category: sorted.map(({ kind }) => (kind === 'wait' || kind === 'silence' ? CATEGORY.awaiting : CATEGORY.other)),
    data: sorted.map(({ kind, text }) => ({ type: kind, text: printable(text) })),
  }
}
