import { expect, it } from 'vitest'
import { press, type TopView } from '../../../src/cli/top-keys.js'
import type { TopMoment } from '../../../src/model/top.js'
import { renderTop, renderTopLine } from '../../../src/report/top-text.js'

const moment: TopMoment = {
  at: '2026-11-29T10:00:00.000Z',
  samples: 90,
  missed: 10,
  stopped: false,
  threads: [{ tid: 7, role: 'main', idleShare: 0.25, collectingShare: 0.05 }],
  tid: null,
  functions: [
    { function: 'fib', file: '/app/a.js', ownShare: 0.7, totalShare: 0.7, ownMs: 700, totalMs: 700, probableShare: 1 },
    {
      function: 'main\u001b[2J',
      file: '/app/a.js',
      ownShare: 0,
      totalShare: 1,
      ownMs: 0,
      totalMs: 900,
      probableShare: 0,
    },
  ],
}
const options = {
  paint: (_style: unknown, text: string) => text,
  columns: 80,
  rows: 10,
  cwd: '/app',
  title: '7  v20',
  order: 'own',
  frozen: false,
} as const

it('is a table that fits the terminal, with what is not sure marked', () => {
  const lines = renderTop(moment, options)
  expect(lines[1]).toBe('90 samples, 10 turns missed  main 7 75 % busy, 5 % collecting garbage')
  expect(lines[5]).toBe('  70 %   70 %   700 ms   700 ms  fib (a.js)  (probable)')
  expect(lines.join('\n')).not.toContain('\u001b')
  expect(renderTop(moment, { ...options, rows: 7 })).toHaveLength(6)
  expect(renderTop(moment, { ...options, frozen: true })[0]).toContain('frozen')
})

it('is one line where there is no terminal', () => {
  expect(renderTopLine(moment, '/app')).toBe(
    '2026-11-29T10:00:00.000Z | 90 samples, 10 turns missed | main 7 75 % busy, 5 % collecting garbage | 70 % fib (a.js)  (probable)',
  )
})

it('says of a process that somebody has stopped that it is, not how busy it was', () => {
  const stopped = { ...moment, stopped: true }
  expect(renderTop(stopped, options)[1]).toBe('90 samples, 10 turns missed  stopped by a signal or a debugger')
  expect(renderTopLine(stopped, '/app')).not.toContain('busy')
})

it('sorts, freezes, goes through the threads and quits by keys', () => {
  const view: TopView = { order: 'own', tid: null, frozen: false }
  const done: string[] = []
  const keys = {
    quit: () => done.push('quit'),
    reset: () => done.push('reset'),
    redraw: () => done.push('redraw'),
    tids: () => [7, 8],
  }
  for (const key of 'T f') press(key, view, keys)
  expect(view).toEqual({ order: 'total-time', tid: null, frozen: false })
  for (const tid of [7, 8, null]) {
    press('d', view, keys)
    expect(view.tid).toBe(tid)
  }
  done.length = 0
  for (const key of ['x', '\u001b', 'r', 'q']) press(key, view, keys)
  expect(done).toEqual(['reset', 'redraw', 'quit', 'redraw'])
})
