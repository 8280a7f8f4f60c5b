import { describe, expect, test } from 'vitest'
import { parseAsyncRows } from '../../../../src/inspector/stack/async-parents.js'
import { fileOf, frameOf } from '../../../../src/inspector/stack/frames.js'
import { summarizeProfile } from '../../../../src/inspector/stack/profile-summary.js'

describe('frames of the inspector', () => {
  test('count from 1, turn file URLs into paths, and take the script’s URL where the frame has none', () => {
    const call = (url: string): Parameters<typeof frameOf>[0] => ({
      callFrameId: '',
      functionName: '',
      url,
      location: { scriptId: '7', lineNumber: 0, columnNumber: 4 },
      scopeChain: [],
      this: { type: 'undefined' },
    })
    expect(frameOf(call('file:///srv/a%20b.mjs'), new Map())).toMatchObject({
      function: null,
      file: '/srv/a b.mjs',
      line: 1,
      column: 5,
    })
    expect(frameOf(call(''), new Map([['7', 'node:fs']]))).toMatchObject({ file: 'node:fs' })
    expect(fileOf('file://host/x.js')).toBe('file://host/x.js')
  })

  test('trust nothing that the probe in the target returned', () => {
    expect(parseAsyncRows(undefined)).toEqual([])
    expect(parseAsyncRows('{"a":1}')).toEqual([])
    expect(parseAsyncRows('[["f","/x.js",3,4],["",null,null,"no"],7]')).toEqual([
      expect.objectContaining({ function: 'f', file: '/x.js', line: 3, column: 4, async: true }),
      expect.objectContaining({ function: null, file: null, line: null, column: null }),
    ])
  })
})

describe('summarizeProfile', () => {
  test('names the hot lines and the shares of V8’s own entries', () => {
    const node = (functionName: string, url: string, lines: readonly [number, number][]) => ({
      id: 1,
      callFrame: { functionName, scriptId: '1', url, lineNumber: 9, columnNumber: 0 },
      hitCount: lines.reduce((sum, [, ticks]) => sum + ticks, 0),
      positionTicks: lines.map(([line, ticks]) => ({ line, ticks })),
    })
    const summary = summarizeProfile(
      {
        startTime: 0,
        endTime: 2_000_000,
        nodes: [
          node('spin', 'file:///srv/a.mjs', [
            [10, 1],
            [12, 59],
          ]),
          node('(garbage collector)', '', [[0, 20]]),
          node('(idle)', '', [[0, 15]]),
          node('(program)', '', [[0, 5]]),
        ],
      },
      'cpu.cpuprofile',
    )
    expect(summary).toMatchObject({ durationMs: 2000, samples: 100, gcShare: 0.2, idleShare: 0.15, programShare: 0.05 })
    expect(summary.hot).toEqual([
      { function: 'spin', file: '/srv/a.mjs', line: 12, share: 0.59 },
      { function: 'spin', file: '/srv/a.mjs', line: 10, share: 0.01 },
    ])
  })

  test('is all zero for an empty profile', () => {
    expect(summarizeProfile({ startTime: 0, endTime: 0, nodes: [] }, 'x')).toMatchObject({ samples: 0, hot: [] })
  })
})
