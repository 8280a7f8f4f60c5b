import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { CaptureAnswer } from '../../../../src/agent/shared/messages.js'
import { PrematureEnding, type PrematureEndingOptions } from '../../../../src/agent/watch-thread/premature-ending.js'
import { readSettings } from '../../../../src/config/settings.js'
import type { Logger } from '../../../../src/log/logger.js'

const quiet = (): void => undefined
const LOGGER: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const ANSWER: CaptureAnswer = { incident: '01X', bundlePath: '/b/01X', verdict: null, verdicts: [], problem: null }
const EARLIER: CaptureAnswer = { ...ANSWER, incident: '01W', bundlePath: '/b/01W' }

type Answered = (answer: CaptureAnswer) => void

function scene(env: Record<string, string>) {
  const seen = {
    limits: [] as number[],
    answered: [] as Answered[],
    tombstones: [] as unknown[],
    ends: [] as unknown[],
  }
  const queue = {
    capturing: false,
    answerFor: () => EARLIER,
    capture: (_stall: unknown, limitMs: number, answered: Answered = quiet) => {
      seen.limits.push(limitMs)
      seen.answered.push(answered)
    },
  } as unknown as PrematureEndingOptions['queue'] & { capturing: boolean }
  const { settings } = readSettings({ CONDUCTOR_STALL_GRACE_SECONDS: '20', ...env })
  const ending = new PrematureEnding({
    queue,
    settings,
    logger: LOGGER,
    clocks: () => ({ observed: [], readings: [] }),
    native: () => null,
    end: (code) => void seen.ends.push(code),
    leaveTombstone: ({ answer }, then) => {
      seen.tombstones.push(answer?.incident)
      then()
    },
  })
  return { queue, ending, seen }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'hrtime'] }))
afterEach(() => void vi.useRealTimers())

it('captures, buries and ends with 70', () => {
  const { ending, seen } = scene({})
  ending.begin()
  expect(seen.limits[0]).toBeCloseTo(19_000, -2)
  seen.answered[0]?.(ANSWER)
  expect([seen.tombstones, seen.ends]).toEqual([['01X'], [70]])
})

it('only captures where the watchdog is off', () => {
  const { ending, seen } = scene({ CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0' })
  ending.begin()
  seen.answered[0]?.(ANSWER)
  expect([seen.tombstones, seen.ends]).toEqual([[], [null]])
})

it('lets a capture that is under way finish, and takes what time is left for its own', () => {
  const { queue, ending, seen } = scene({})
  queue.capturing = true
  ending.begin()
  vi.advanceTimersByTime(5_000)
  queue.capturing = false
  ending.goOn()
  expect(seen.limits[0]).toBeCloseTo(14_000, -2)
  seen.answered[0]?.(ANSWER)
  // Its own end is told as well.
  ending.goOn()
  expect([seen.tombstones, seen.ends]).toEqual([['01X'], [70]])
})

it('is satisfied with the one under way when that leaves no time, so that the main thread hears it within the grace', () => {
  const late = scene({})
  late.queue.capturing = true
  late.ending.begin()
  vi.advanceTimersByTime(18_500)
  late.queue.capturing = false
  late.ending.goOn()
  expect([late.seen.limits, late.seen.tombstones, late.seen.ends]).toEqual([[], ['01W'], [70]])
  const hanging = scene({})
  hanging.queue.capturing = true
  hanging.ending.begin()
  vi.advanceTimersByTime(19_000)
  hanging.ending.goOn()
  expect([hanging.seen.tombstones, hanging.seen.ends]).toEqual([['01W'], [70]])
})
