import { expect, it } from 'vitest'
import type { Frame } from '../../../src/model/frame.js'
import type { Timeline } from '../../../src/model/timeline.js'
import { toFirefoxProfile } from '../../../src/profile/firefox/firefox-profile.js'

const frame = (name: string, line: number, file: string | null = '/app/worker.js'): Frame => ({
  function: name,
  file,
  line,
  column: 1,
  tier: null,
  async: false,
  native: false,
})

const TIMELINE: Timeline = {
  title: 'computing/loop · pid 7',
  process: 'node worker.js',
  pid: 7,
  startedAtMs: 1000,
  durationMs: 50,
  intervalMs: 10,
  notes: ['a note'],
  tracks: [
    {
      name: 'main thread',
      tid: 7,
      isMain: true,
      samples: [
        { atMs: 0, frames: [frame('leaf', 3), frame('main', 9)] },
        { atMs: 10, frames: [frame('leaf', 4), frame('main', 9)] },
        { atMs: 20, frames: [] },
      ],
      marks: [
        { kind: 'look', startMs: 20, endMs: null, text: 'look 1' },
        { kind: 'wait', startMs: 0, endMs: 20, text: 'waits \u001b[31m' },
      ],
    },
    { name: 'clock a', tid: null, isMain: false, samples: [{ atMs: 5, frames: [frame('main', 9)] }], marks: [] },
  ],
}

interface Table {
  readonly length: number
  readonly [column: string]: number | readonly unknown[]
}

interface Written {
  readonly meta: { readonly preprocessedProfileVersion: number; readonly markerSchema: readonly { name: string }[] }
  readonly shared: { readonly stringArray: readonly string[]; readonly [table: string]: Table | readonly string[] }
  readonly threads: readonly { readonly samples: Table; readonly markers: Table }[]
}

const WRITTEN = toFirefoxProfile(TIMELINE) as Written
const column = (table: Table | readonly string[] | undefined, name: string): unknown[] => [
  ...((table as Table)[name] as readonly unknown[]),
]
const text = (index: unknown): string | undefined => WRITTEN.shared.stringArray[Number(index)]

it('shares functions, frames and stacks between threads, each once, parents before children', () => {
  const { meta, shared, threads } = WRITTEN
  expect(meta.preprocessedProfileVersion).toBe(60)
  expect(column(shared['funcTable'], 'name').map(text)).toEqual(['main', 'leaf'])
  expect(column(shared['sources'], 'filename').map(text)).toEqual(['/app/worker.js'])
  expect(column(shared['frameTable'], 'line')).toEqual([9, 3, 4])
  expect(shared['stackTable']).toEqual({ length: 3, frame: [0, 1, 2], prefix: [null, 0, 0] })
  expect(threads[0]?.samples).toMatchObject({ length: 3, stack: [1, 2, null], time: [0, 10, 20] })
  expect(threads[1]?.samples['stack']).toEqual([0])
  // Every column of every table is as long as the table says.
  const { stringArray: _texts, ...tables } = shared
  for (const table of Object.values(tables) as Table[]) {
    for (const [key, values] of Object.entries(table)) if (key !== 'length') expect(values).toHaveLength(table.length)
  }
})

it('has its markers in the order of time, moments and spans told apart, and nothing that steers a screen', () => {
  const { meta, threads } = WRITTEN
  const markers = threads[0]?.markers
  expect(column(markers, 'name').map(text)).toEqual(['Long wait', 'Look'])
  expect(['phase', 'startTime', 'endTime'].map((name) => column(markers, name))).toEqual([
    [1, 0],
    [0, 20],
    [20, null],
  ])
  const types = new Set<unknown>(meta.markerSchema.map(({ name }) => name))
  const data = column(markers, 'data') as { type: string }[]
  expect(data.every(({ type }) => types.has(type))).toBe(true)
  expect(JSON.stringify(threads)).not.toContain('\\u001b')
})
