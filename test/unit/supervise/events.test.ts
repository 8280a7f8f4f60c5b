import { expect, test } from 'vitest'
import { createMemorySink } from '../../../src/log/line-sink.js'
import type { RunEvent } from '../../../src/supervise/events.js'
import { openReport } from '../../../src/supervise/report.js'

function written(event: RunEvent, json: boolean): string {
  const sink = createMemorySink()
  openReport(json, sink)(event)
  return sink.text()
}

const ENDED: RunEvent = {
  event: 'ended',
  pid: 12,
  code: null,
  signal: 'SIGKILL',
  exitCode: 70,
  aliveMs: 12_340,
  watchdog: {
    reason: 'loop-silence: conductor:demo silent for 6 s (limit 6 s)',
    incident: '01JZ',
    bundle: '/var/b/01JZ',
    verdict: 'computing/regexp',
    place: 'validate (worker.js:18)',
  },
}

test('says in one line how, why, where and which bundle', () => {
  expect(written(ENDED, false)).toBe(
    'conductor-diag run: worker 12 ended after 12 s: SIGKILL, exit code 70 meant; loop-silence: conductor:demo silent for 6 s (limit 6 s); computing/regexp at validate (worker.js:18); incident /var/b/01JZ\n',
  )
})

test('gives the same as JSON, with the sentence in msg', () => {
  const line = JSON.parse(written(ENDED, true)) as Record<string, unknown>
  expect(line).toMatchObject({ ...ENDED, level: 40, name: 'conductor-diag run' })
  expect(line['msg']).toContain('worker 12 ended')
})

const LINES: readonly [RunEvent, string][] = [
  [{ event: 'watched', pid: 5, agent: '0.1.0' }, 'worker 5 is watched: agent 0.1.0 answers'],
  [{ event: 'started', pid: 1, restarts: 0 }, 'worker 1 started'],
  [{ event: 'started', pid: 1, restarts: 2 }, 'worker 1 started (restart 2)'],
  [{ event: 'restarting', restarts: 1, waitMs: 1000 }, 'restart 1 in 1.0 s'],
  [
    { event: 'draining', pid: 1, signal: 'SIGTERM', deadlineMs: 25_000 },
    'SIGTERM: passed on to worker 1, which has 25 s to end',
  ],
  [{ event: 'killing', pid: 1, why: 'second signal' }, 'killing worker 1: second signal'],
  [{ event: 'left-behind', pid: 1, signal: 'SIGTERM' }, 'worker 1 left processes behind: SIGTERM to its group'],
  [{ event: 'gave-up', restarts: 3, exitCode: 1 }, 'no further restart after 3: ending with 1'],
  [{ event: 'stopped', exitCode: 0 }, 'ending with 0'],
  [{ event: 'stopped', exitCode: 0, worker: 3 }, '[3] ending with 0'],
  [{ event: 'parent-gone', starter: 'npx' }, 'npx is gone: draining'],
  [
    {
      event: 'trouble',
      pid: 1,
      kind: 'stopped',
      forMs: 330_000,
      incident: '01X',
      bundle: '/b/01X',
      verdict: 'stopped/signal',
      problem: null,
    },
    'worker 1 has been stopped (SIGSTOP) for 330 s; stopped/signal; incident /b/01X',
  ],
  [
    {
      event: 'trouble',
      pid: 1,
      kind: 'agent-gone',
      forMs: 9000,
      incident: null,
      bundle: null,
      verdict: null,
      problem: 'no space',
    },
    'worker 1 has lost its agent for 9.0 s; no bundle: no space',
  ],
  [
    { event: 'unguarded', reason: 'no /bin/sh' },
    'the worker outlives this process if that is killed by SIGKILL: no /bin/sh',
  ],
]

test.each(LINES)('has one line for %o', (event, expected) => {
  expect(written(event, false)).toBe(`conductor-diag run: ${expected}\n`)
})
