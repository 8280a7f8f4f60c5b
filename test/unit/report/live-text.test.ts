import { describe, expect, it } from 'vitest'
import type { Frame } from '../../../src/model/frame.js'
import type { LiveMoment, LiveWait } from '../../../src/model/live-view.js'
import { renderLine, renderScreen } from '../../../src/report/live-text.js'
import { painter } from '../../../src/report/terminal.js'
import { clock, frame, mainStack } from '../../support/evidence.js'

const OPTIONS = {
  paint: painter(false),
  columns: 100,
  rows: 40,
  cwd: '/srv/worker',
  title: '7  v22.0.0  node worker.js',
}

function moment(over: Partial<LiveMoment> = {}): LiveMoment {
  return {
    at: '2026-01-02T03:04:05.678Z',
    pid: 7,
    loop: { lagMs: 2, turnsPerSecond: 43, polling: true, activeHandles: 3, timers: 1 },
    main: null,
    pool: { size: 4, idle: 1, queued: 2 },
    waits: null,
    waitsAgeMs: null,
    clocks: null,
    agentState: null,
    lastIncident: null,
    notes: [],
    ...over,
  }
}

function wait(name: string, over: Partial<LiveWait> = {}): LiveWait {
  const at: Frame = { ...frame(name, 9), async: true }
  return { root: at, at, count: 1, waitsFor: { kind: 'socket', summary: 'no answer from 10.0.0.5:80' }, ...over }
}

describe('a moment of watch', () => {
  it('is one line without a terminal: rate, lag, pool, main thread, clocks, the first wait', () => {
    const line = renderLine(
      moment({
        main: mainStack({ state: 'running', frames: [frame('compute', 12)] }),
        clocks: [clock({ name: 'invoices', ageMs: 61_200, beats: 3411, inFlightMs: 61_000 })],
        waits: [wait('poll', { root: frame('pollLoop', 3) }), wait('other')],
      }),
      '/srv/worker',
    )
    expect(line).not.toContain('\n')
    expect(line).toContain('loop 43 turns/s, lag 2 ms, pool 3/4 busy, 2 queued')
    expect(line).toContain('main running in compute (src/worker.js:12')
    expect(line).toContain('invoices beat 61.2 s ago (3411), poll in flight 61 s')
    expect(line).toContain('pollLoop > poll (src/worker.js:9')
    expect(line).toContain('no answer from 10.0.0.5:80 (+1 more)')
  })

  it('says on the screen that a loop does not turn', () => {
    const stuck = moment({ loop: { lagMs: 61_000, turnsPerSecond: 0, polling: false, activeHandles: 1, timers: 0 } })
    expect(renderScreen(stuck, OPTIONS).join('\n')).toContain(
      'lag 61 s, pool 3/4 busy, 2 queued: the loop does not turn',
    )
    expect(renderScreen(moment(), OPTIONS).join('\n')).not.toContain('does not turn')
  })

  it('never fills more than the terminal has, and says what it left out', () => {
    const many = moment({ waits: Array.from({ length: 100 }, (_, index) => wait(`task${index}`)) })
    const lines = renderScreen(many, { ...OPTIONS, rows: 10, columns: 60 })
    expect(lines).toHaveLength(9)
    expect(lines.at(-1)).toMatch(/^\.\.\. \d+ more lines$/)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60)
  })

  it('shows what it could not read, and nothing that steers the terminal', () => {
    const poor = moment({ loop: null, pool: null, notes: ['memory: refused \u001b[2J'] })
    expect(renderScreen(poor, OPTIONS).join('\n')).toContain('memory: refused \\x1b[2J')
    expect(renderLine(poor, null)).toContain('loop ? | main ? | memory: refused \\x1b[2J')
  })
})
