import { expect, test } from 'vitest'
import { Healer, type HealTurn } from '../../../../src/agent/watch-thread/healer.js'
import type { CaptureAnswer, CloseOutcome, ConnectionToClose } from '../../../../src/agent/shared/messages.js'
import type { Stall } from '../../../../src/model/stall.js'
import { clock } from '../../watch/fake-clocks.js'

const CONNECTION = { local: '10.0.0.2:5000', peer: '10.0.0.9:443' }
const STALL: Stall = {
  trigger: 'poll-success',
  level: 'stall',
  clock: 'invoices',
  ageMs: 300_000,
  thresholdMs: 300_000,
  noticedAt: 0,
  clocks: [],
}
const NAME = 'awaiting/connection-reused-dead'
const ANSWER: CaptureAnswer = {
  incident: '01A',
  bundlePath: '/b/01A',
  verdict: { name: NAME, confidence: 'high', summary: 's', place: null },
  verdicts: [NAME],
  problem: null,
  dead: { connection: CONNECTION, verdict: { summary: 's', where: null, chain: [] } },
}

/** A healer at 0 s whose time goes by as told. */
class Bench {
  nowMs = 0
  readonly asked: ConnectionToClose[] = []
  readonly said: string[] = []
  readonly over: Stall[] = []
  readonly healer: Healer

  constructor(allowed = true) {
    const say = (line: string): void => void this.said.push(line)
    this.healer = new Healer({
      allowed,
      logger: { debug: say, info: say, warn: say, error: say },
      monotonicMs: () => this.nowMs,
      close: (connection) => this.asked.push(connection),
      over: (stall) => this.over.push(stall),
    })
  }

  turn(lastSuccessMs: number): HealTurn {
    return { nowMs: this.nowMs, clocks: [clock({ lastSuccessMs, failuresInRow: 3 })] }
  }

  begin(answer: CaptureAnswer | null = ANSWER, stall: Stall = STALL): number {
    return this.healer.begin(stall, answer, this.turn(300_000 + this.nowMs))
  }

  hear(outcome: CloseOutcome): void {
    this.healer.hear({
      type: 'connection-closed',
      id: this.asked.at(-1)?.id ?? 0,
      outcome,
      text: outcome,
      atMs: this.nowMs,
    })
  }

  get outcomes(): (string | undefined)[] {
    return this.over.map(({ heal }) => heal?.outcome)
  }
}

test('closes the one connection, and an answer that is younger than that proves the heal', () => {
  const bench = new Bench()
  expect(bench.begin()).toBeGreaterThan(20_000)
  expect(bench.asked).toMatchObject([CONNECTION])
  bench.nowMs = 4000
  bench.hear('closed')
  bench.nowMs = 4500
  // Answered before it was closed: proves nothing.
  expect(bench.healer.turn(bench.turn(501))).toBeNull()
  bench.nowMs = 5000
  expect(bench.healer.turn(bench.turn(300))).toBe('invoices')
  expect(bench.outcomes).toEqual(['answered'])
  expect(bench.over[0]?.heal).toMatchObject({ incident: '01A', connection: CONNECTION })
  expect(bench.over[0]?.heal?.steps.map(({ text }) => text)).toEqual([
    'its main thread was asked to close 10.0.0.2:5000',
    'closed',
    'a poll was answered',
  ])
})

test('says that it did not help when no poll is answered in time, and tries no second time in that silence', () => {
  const bench = new Bench()
  bench.begin()
  bench.hear('closed')
  bench.healer.turn(bench.turn(300_000))
  bench.nowMs = 21_000
  expect(bench.healer.turn(bench.turn(321_000))).toBeNull()
  expect(bench.outcomes).toEqual(['no-answer'])
  expect(bench.healer.of('invoices')?.outcome).toBe('no-answer')
  expect(bench.healer.proofOf('invoices')).toBe(ANSWER)
  expect(bench.begin()).toBe(0)
  expect(bench.asked).toHaveLength(1)
  // Answered since: the next silence is another one.
  bench.nowMs = 400_000
  expect(bench.healer.begin(STALL, ANSWER, bench.turn(300_000))).toBeGreaterThan(0)
})

test.each(['alive', 'not-found', 'failed'] as const)('is over at once when the main thread says %s', (outcome) => {
  const bench = new Bench()
  bench.begin()
  bench.hear(outcome)
  bench.healer.turn(bench.turn(300_000))
  expect(bench.outcomes).toEqual([outcome])
  expect(bench.healer.proofOf('invoices')).toBeNull()
  expect(bench.healer.underWay).toBe(false)
})

test('gives up a main thread that does not come to it', () => {
  const bench = new Bench()
  bench.begin()
  bench.nowMs = 14_000
  bench.healer.turn(bench.turn(314_000))
  expect(bench.healer.underWay).toBe(true)
  bench.nowMs = 15_000
  bench.healer.turn(bench.turn(315_000))
  expect(bench.outcomes).toEqual(['failed'])
})

test.each([
  ['it is not allowed', false, ANSWER],
  ['nothing was captured', true, null],
  ['the evidence is not sealed', true, { ...ANSWER, bundlePath: null }],
  ['it is not sure', true, { ...ANSWER, verdict: { ...ANSWER.verdict!, confidence: 'medium' } }],
  ['something else comes first', true, { ...ANSWER, verdicts: ['awaiting/http-response', NAME] }],
  ['no connection is named', true, { ...ANSWER, dead: undefined }],
] as [string, boolean, CaptureAnswer | null][])('closes nothing when %s', (_why, allowed, answer) => {
  const bench = new Bench(allowed)
  expect(bench.begin(answer)).toBe(0)
  expect(bench.asked).toEqual([])
  expect(bench.healer.underWay).toBe(false)
})

test('closes the connection of a poll that is only unanswered as the last step before the end, and never sooner', () => {
  const name = 'awaiting/http-response'
  const unanswered = { ...ANSWER, verdicts: [name], verdict: { name, confidence: 'medium', summary: 's', place: null } }
  const silent: Stall = { ...STALL, trigger: 'loop-silence' }
  expect(new Bench().begin(unanswered)).toBe(0)
  expect(new Bench().begin(unanswered, { ...silent, level: 'warn' })).toBe(0)
  const { dead: _, ...unknown } = unanswered
  expect(new Bench().begin(unknown, silent)).toBe(0)
  expect(new Bench().begin({ ...unanswered, verdicts: ['awaiting/lock', name] }, silent)).toBe(0)
  const bench = new Bench()
  expect(bench.begin(unanswered, silent)).toBeGreaterThan(20_000)
  expect(bench.asked).toMatchObject([CONNECTION])
})

test('is unanswered from its end until a poll is answered', () => {
  const bench = new Bench()
  bench.begin()
  bench.nowMs = 4000
  bench.hear('closed')
  bench.healer.turn(bench.turn(304_000))
  bench.nowMs = 40_000
  bench.healer.turn(bench.turn(340_000))
  expect(bench.outcomes).toEqual(['no-answer'])
  expect(bench.healer.isUnanswered('invoices', bench.turn(340_000))).toBe(true)
  bench.nowMs = 41_000
  expect(bench.healer.isUnanswered('invoices', bench.turn(500))).toBe(false)
})
