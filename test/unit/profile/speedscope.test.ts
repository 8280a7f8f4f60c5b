import { expect, it } from 'vitest'
import type { Frame } from '../../../src/model/frame.js'
import { toSpeedscope } from '../../../src/profile/speedscope.js'

const frame = (name: string, probable = false): Frame => ({
  function: name,
  file: '/app/worker.js',
  line: 3,
  column: 1,
  tier: null,
  async: false,
  native: false,
  ...(probable ? { probable } : {}),
})

it('gives each thread a track, outermost frame first, and marks what is not certain', () => {
  const file = toSpeedscope(
    {
      engine: 'memory',
      missed: 0,
      samples: [
        { atMs: 0, frames: [frame('hot', true), frame('main')] },
        { atMs: 10, frames: [frame('main')] },
      ],
      workers: [{ tid: 7, samples: [{ atMs: 5, frames: [frame('task')] }] }],
    },
    'node worker.js',
  )
  const names = file.shared.frames.map(({ name }) => name)
  expect(names).toEqual(['main', 'hot (probable)', 'task'])
  expect(file.profiles).toMatchObject([
    { name: 'node worker.js', samples: [[0, 1], [0]], weights: [10, 0], startValue: 0, endValue: 10 },
    { name: 'worker thread 7 of node worker.js', samples: [[2]], weights: [5], startValue: 5, endValue: 10 },
  ])
})

it('gives the last sample of a thread that ended early no more time than the one before', () => {
  const at = (...ms: number[]): { atMs: number; frames: Frame[] }[] =>
    ms.map((atMs) => ({ atMs, frames: [frame('task')] }))
  const recorded = {
    engine: 'memory' as const,
    missed: 0,
    samples: at(0, 10, 20, 1000),
    workers: [{ tid: 7, samples: at(0, 10) }],
  }
  expect(toSpeedscope(recorded, 'node').profiles.map(({ weights }) => weights)).toEqual([
    [10, 10, 980, 0],
    [10, 10],
  ])
})
