import { describe, expect, test } from 'vitest'
import type { CaptureRequest, Capturer } from '../../../src/capture/capturer.js'
import { runCapturer } from '../../../src/capture/run-capturer.js'
import { createRedactor } from '../../../src/redact/redactor.js'

function request(ms: number): CaptureRequest {
  return {
    target: { pid: 1, startTicks: null, procRoot: null, inside: false },
    deadlineMs: performance.now() + ms,
    locals: false,
    redactor: createRedactor(),
  }
}

function capturer(capture: Capturer<number>['capture'], supports: Capturer<number>['supports'] = () => 'yes') {
  return { name: 'test', supports, capture }
}

const captured = { status: 'captured', evidence: 1, tookMs: 0, pausedMs: 0 } as const

describe('runCapturer', () => {
  test('hands the outcome through', async () => {
    expect(
      await runCapturer(
        capturer(async () => captured),
        request(1000),
      ),
    ).toBe(captured)
  })

  test('reports timed-out, and aborts, when a capturer never answers', async () => {
    let aborted = false
    const never = capturer((_request, signal) => {
      signal.addEventListener('abort', () => (aborted = true))
      return new Promise(() => undefined)
    })
    const outcome = await runCapturer(never, request(20))
    expect(outcome.status).toBe('timed-out')
    expect(aborted).toBe(true)
  })

  test('turns an exception into an explanation', async () => {
    const broken = capturer(() => Promise.reject(new Error('no luck')))
    expect(await runCapturer(broken, request(1000))).toMatchObject({
      status: 'unavailable',
      error: { code: 'ERR_STALL_CAPTURE_FAILED', message: 'no luck' },
    })
  })

  test('asks nothing of a capturer that can not serve, nor after the deadline, nor after the end', async () => {
    const unused = (): never => {
      throw new Error('asked')
    }
    const unable = capturer(unused, () => ({ no: 'not here' }))
    expect(await runCapturer(unable, request(1000))).toMatchObject({ error: { message: 'not here' } })
    expect(await runCapturer(capturer(unused), request(-1))).toMatchObject({ error: { code: 'ERR_STALL_NOT_REACHED' } })
    const ended = AbortSignal.abort()
    expect(await runCapturer(capturer(unused), request(1000), ended)).toMatchObject({
      error: { code: 'ERR_STALL_NOT_REACHED' },
    })
  })
})
