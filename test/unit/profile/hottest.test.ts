import { expect, it } from 'vitest'
import type { Frame } from '../../../src/model/frame.js'
import { hottestFunctions } from '../../../src/profile/hottest.js'

const frame = (name: string | null, line: number, extra: Partial<Frame> = {}): Frame => ({
  function: name,
  file: '/app/worker.js',
  line,
  column: 1,
  tier: null,
  async: false,
  native: false,
  ...extra,
})

it('counts the innermost frame of each sample, whatever its line and however certain', () => {
  const outer = frame('outer', 1)
  const samples = [
    { atMs: 0, frames: [frame('hot', 10), outer] },
    { atMs: 10, frames: [frame('hot', 12, { probable: true }), outer] },
    { atMs: 20, frames: [outer] },
    { atMs: 30, frames: [frame(null, 7), outer] },
  ]
  expect(hottestFunctions({ engine: 'memory', samples, missed: 3 }, 2)).toEqual([
    { function: 'hot', file: '/app/worker.js', share: 0.5 },
    { function: 'outer', file: '/app/worker.js', share: 0.25 },
  ])
  expect(hottestFunctions({ engine: 'memory', samples, missed: 0 }, 9).at(-1)?.function).toBe('(anonymous, line 7)')
})

it('names nothing where nothing was sampled', () => {
  expect(hottestFunctions({ engine: 'memory', samples: [], missed: 9 }, 5)).toEqual([])
})
