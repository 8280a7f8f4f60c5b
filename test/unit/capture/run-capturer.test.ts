import { describe, expect, test } from 'vitest'
import type { Capturer } from '../../../src/capture/capturer.js'
import { runCapturer } from '../../../src/capture/run-capturer.js'
import { CaptureSession } from '../../../src/capture/session.js'
import { createRedactor } from '../../../src/redact/redactor.js'

const session = new CaptureSession(
  { pid: 1, startTicks: null, procRoot: null, inside: false },
  { locals: false, redactor: createRedactor() },
)
const within = (ms: number): { deadlineMs: number } => ({ deadlineMs: performance.now() + ms })

function capturer(capture: Capturer<number>['capture'], supports: Capturer<number>['supports'] = () => 'yes') {
  return { name: 'test', supports, capture }
}

describe('runCapturer', () => {
  test('gives what was captured, with how long it took', async () => {
    const outcome = await runCapturer(
      capturer(() => 1),
      session,
      within(1000),
    )
    expect(outcome).toMatchObject({ status: 'captured', evidence: 1, pausedMs: 0 })
    expect(outcome).toHaveProperty('tookMs', expect.any(Number))
  })

  test('reports timed-out, and aborts, when a capturer never answers', async () => {
    let aborted = false
    const never = capturer((_session, { signal }) => {
      signal.addEventListener('abort', () => (aborted = true))
      return new Promise(() => undefined)
    })
    const outcome = await runCapturer(never, session, within(20))
    expect(outcome.status).toBe('timed-out')
    expect(aborted).toBe(true)
  })

  test('turns an exception into an explanation', async () => {
    const broken = capturer(() => Promise.reject(new Error('no luck')))
    expect(await runCapturer(broken, session, within(1000))).toMatchObject({
      status: 'unavailable',
      error: { code: 'ERR_STALL_CAPTURE_FAILED', message: 'no luck' },
    })
  })

  test('counts pauses, however the capture ends', async () => {
    const pausing = (then: () => number | Promise<number>) =>
      capturer((_session, { notePause }) => {
        notePause(3)
        notePause(4)
        return then()
      })
    const fails = pausing(() => Promise.reject(new Error('late')))
    const hangs = pausing(() => new Promise(() => undefined))
    expect(
      await runCapturer(
        pausing(() => 1),
        session,
        within(1000),
      ),
    ).toMatchObject({ pausedMs: 7 })
    expect(await runCapturer(fails, session, within(1000))).toMatchObject({ status: 'unavailable', pausedMs: 7 })
    expect(await runCapturer(hangs, session, within(20))).toMatchObject({ status: 'timed-out', pausedMs: 7 })
  })

  test('asks nothing of a capturer that can not serve, nor after the deadline, nor after the end', async () => {
    const unused = (): never => {
      throw new Error('asked')
    }
    const unable = capturer(unused, () => ({ no: 'not here' }))
    expect(await runCapturer(unable, session, within(1000))).toMatchObject({ error: { message: 'not here' } })
    expect(await runCapturer(capturer(unused), session, within(-1))).toMatchObject({
      error: { code: 'ERR_STALL_NOT_REACHED' },
    })
    const ended = { ...within(1000), signal: AbortSignal.abort() }
    expect(await runCapturer(capturer(unused), session, ended)).toMatchObject({
      error: { code: 'ERR_STALL_NOT_REACHED' },
    })
  })
})
