import { expect, it } from 'vitest'
import { readV8Profile } from '../../../src/profile/from-cpu-profile.js'

const call = (functionName: string, url = '', lineNumber = -1) => ({ functionName, url, lineNumber, columnNumber: 0 })

it('makes a stack a sample, innermost first, without the root, in ms after the first', () => {
  const samples = readV8Profile(
    JSON.stringify({
      nodes: [
        { id: 1, callFrame: call('(root)'), children: [2, 4] },
        { id: 2, callFrame: call('main', 'file:///app/a%20b.js', 8), children: [3] },
        { id: 3, callFrame: call('', 'file:///app/a%20b.js', 2) },
        { id: 4, callFrame: call('(idle)') },
      ],
      startTime: 5_000_000,
      endTime: 5_003_000,
      samples: [3, 2, 4],
      timeDeltas: [1000, 500, 1500],
    }),
  )
  expect(samples?.startedAtMs).toBe(5001)
  expect(samples?.samples.map(({ atMs }) => atMs)).toEqual([0, 0.5, 2])
  expect(samples?.samples.map(({ frames }) => frames.map((each) => [each.function, each.file, each.line]))).toEqual([
    [
      [null, '/app/a b.js', 3],
      ['main', '/app/a b.js', 9],
    ],
    [['main', '/app/a b.js', 9]],
    [['(idle)', null, null]],
  ])
})

it.each(['{}', '[]', '7', 'null', '{"nodes":[{"id":1}],"samples":[1]}'])('says of %s that it is no profile', (json) => {
  expect(readV8Profile(json)).toBeNull()
})

it('ends where a tree runs in a circle', () => {
  const nodes = [
    { id: 1, callFrame: call('a'), children: [2] },
    { id: 2, callFrame: call('b'), children: [1] },
  ]
  const samples = readV8Profile(JSON.stringify({ nodes, startTime: 0, samples: [1], timeDeltas: [1] }))
  expect(samples?.samples[0]?.frames.length).toBeLessThanOrEqual(2000)
})
