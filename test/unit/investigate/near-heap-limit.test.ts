import { runCapturer } from '../../../src/capture/run-capturer.js'
import { CaptureSession } from '../../../src/capture/session.js'
import { createRedactor } from '../../../src/redact/redactor.js'
import { expect, it } from 'vitest'
import type { CapturedLook } from '../../../src/model/look.js'
import { isNearHeapLimit, refuseNearHeapLimit } from '../../../src/investigate/near-heap-limit.js'

const MB = 1_048_576

function look(committedMb: number | null, limitMb: number | null, collectingShare: number | null = null): CapturedLook {
  const evidence = {
    usedBytes: null,
    committedBytes: committedMb === null ? null : committedMb * MB,
    limitBytes: limitMb === null ? null : limitMb * MB,
    externalBytes: null,
    collections: null,
    markCompacts: null,
    collectingShare,
  }
  return { takenAtMs: 0, heap: { status: 'captured', evidence, tookMs: 1, pausedMs: 0 } }
}

it.each([
  ['a small heap that is nearly full', 92, 96, true],
  ['one that is past its limit already', 98, 96, true],
  ['a small heap with a usual fill', 70, 96, false],
  ['a large heap that has room for an inspector all the same', 3800, 4096, false],
  ['a large heap without room', 4080, 4096, true],
  ['an unknown limit', 92, null, false],
  ['an unknown size', null, 96, false],
])('an inspector is not attached to a heap at its limit: %s', (_what, committedMb, limitMb, expected) => {
  expect(isNearHeapLimit(look(committedMb, limitMb))).toBe(expected)
})

it('a heap that does little but collect is full at less', () => {
  expect(isNearHeapLimit(look(78, 96, 0.7))).toBe(true)
  expect(isNearHeapLimit(look(78, 96, 0.1))).toBe(false)
  expect(isNearHeapLimit(look(78, 512, 0.7))).toBe(false)
})

it('a heap that was not seen is no reason to do without', () => {
  expect(isNearHeapLimit({ takenAtMs: 0 })).toBe(false)
})

it('says why there is none', async () => {
  const session = new CaptureSession(
    { pid: 1, startTicks: null, procRoot: null, inside: true },
    { locals: false, redactor: createRedactor() },
  )
  const outcome = await runCapturer(refuseNearHeapLimit('profile'), session, { deadlineMs: performance.now() + 1000 })
  expect(outcome).toMatchObject({ status: 'unavailable', error: { code: 'ERR_STALL_LIMIT' } })
})
