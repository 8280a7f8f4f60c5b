import { expect, test } from 'vitest'
import { longestWaitLines, longestWaits } from '../../../src/cli/record-awaits.js'
import type { Frame } from '../../../src/model/frame.js'
import type { WaitProfile, WaitStack } from '../../../src/model/wait-profile.js'

const frame = (name: string, file: string | null): Frame => ({
  function: name,
  file,
  line: file === null ? null : 8,
  column: null,
  tier: null,
  async: true,
  native: false,
})
const waiting = (waitedMs: number, ...frames: Frame[]): WaitStack => ({ waitedMs, frames })
const request = frame('POST http://127.0.0.1:80/, no answer', null)
const inside = waiting(2000, request, frame('httpNetworkFetch', 'node:internal/deps/undici/undici'))
const profile = (...stacks: WaitStack[]): WaitProfile => ({ stacks, turns: 20, missed: 0, scans: 1, functions: 2 })

test('names the wait of a request once: by the function of the program that made it', () => {
  const all = profile(inside, waiting(2000, request, frame('chargeCard', '/srv/worker.js')))
  expect(longestWaitLines(all, '/srv')).toEqual([
    ' 100 %      2 s  chargeCard (worker.js:8): POST http://127.0.0.1:80/, no answer',
  ])
  expect(longestWaits(all)).toEqual([expect.objectContaining({ function: 'chargeCard', share: 1 })])
})

test('names functions of Node where nothing else waits', () => {
  expect(longestWaitLines(profile(inside), null)).toEqual([expect.stringContaining('100 %      2 s  httpNetworkFetch')])
})
