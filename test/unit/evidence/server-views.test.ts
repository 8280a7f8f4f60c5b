import { describe, expect, test } from 'vitest'
import { serverViews } from '../../../src/evidence/server-views.js'
import type { ClockReading } from '../../../src/model/heartbeat.js'
import type { ServerAnswer } from '../../../src/model/server-view.js'

const clock = (changes: Partial<ClockReading>): ClockReading =>
  ({ name: 'conductor:charge', kind: 'poll-loop', inFlightMs: null, lastSuccessMs: 60_000, ...changes }) as ClockReading

const answer = (changes: Partial<ServerAnswer>): ServerAnswer => ({
  server: 'http://127.0.0.1:8080/api',
  taskType: 'charge',
  polls: [{ workerId: 'host-a', agoMs: 60_500 }],
  queued: 0,
  tookMs: 5,
  ...changes,
})

describe('what the server says, beside the worker’s own clock', () => {
  test('says that nobody polls when the last poll is long ago, and how many tasks wait', () => {
    const [view] = serverViews([answer({ queued: 12, polls: [{ workerId: 'host-a', agoMs: 90_000 }] })], [clock({})])
    expect(view).toMatchObject({ polledBy: 'nobody', scheduled: true, clock: 'conductor:charge' })
    expect(view?.summary).toMatch(/^12 tasks of charge wait, and nobody polls for it: .* by host-a/)
  })

  test('says that somebody else polls when a poll is younger than this worker’s own', () => {
    const [view] = serverViews(
      [answer({ polls: [{ workerId: 'host-a', agoMs: 1000 }] })],
      [clock({ inFlightMs: 50_000 })],
    )
    expect(view).toMatchObject({ polledBy: 'somebody-else', scheduled: false })
    expect(view?.summary).toContain('No task of charge is scheduled')
  })

  test('takes a poll as old as the one in flight for this worker’s own', () => {
    const [view] = serverViews([answer({ polls: [{ workerId: '', agoMs: 41_000 }] })], [clock({ inFlightMs: 40_000 })])
    expect(view).toMatchObject({ polledBy: 'this-worker' })
  })

  test('counts the youngest row of several domains', () => {
    const polls = [
      { workerId: 'host-a', agoMs: 400_000 },
      { workerId: 'host-b', agoMs: 3000, domain: 'eu' },
    ]
    expect(serverViews([answer({ polls })], [clock({})])[0]).toMatchObject({ polledBy: 'somebody-else' })
  })

  test('says nothing of who polls where the server does not, and why', () => {
    const silent = answer({ polls: null, queued: null, problem: 'ECONNREFUSED' })
    const [view] = serverViews([silent], [clock({})])
    expect(view).toMatchObject({ polledBy: null, scheduled: null })
    expect(view?.summary).toContain('could not be asked about charge: ECONNREFUSED')
  })

  test('says that a type was never polled', () => {
    expect(serverViews([answer({ polls: [] })], [clock({})])[0]?.summary).toContain('nobody ever polled for it')
  })
})
