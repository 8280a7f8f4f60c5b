import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CaptureRunner, type CaptureResult } from '../../../../src/agent/watch-thread/capture-runner.js'
import type { CaptureThreadData } from '../../../../src/agent/shared/messages.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'stall-runner-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const DATA: CaptureThreadData = {
  clocks: new SharedArrayBuffer(8),
  stall: { trigger: 'manual', level: 'warn', clock: null, ageMs: 0, thresholdMs: 0, noticedAt: 0, clocks: [] },
  deadlineMs: 0,
  mode: 'incident',
  looksAtMs: [0],
  earlyLooks: [],
  agentTids: [],
  residentBytes: 0,
}

/** A runner whose capture thread is this program. */
function runnerOf(name: string, program: string): CaptureRunner {
  const file = path.join(folder, `${name}.cjs`)
  writeFileSync(file, `const { parentPort } = require('node:worker_threads')\n${program}`)
  return new CaptureRunner({ memoryMb: 64, file })
}

function run(
  runner: CaptureRunner,
  limitMs: number,
  progress?: (step: string) => void,
  data: CaptureThreadData = DATA,
): Promise<CaptureResult> {
  return new Promise((resolve) => runner.start(data, limitMs, resolve, progress))
}

const codeOf = (result: CaptureResult): string => (result.type === 'failed' ? result.error.code : result.type)

describe.concurrent('a capture thread', () => {
  it('that answers is heard, with its steps on the way', async () => {
    const answer = { incident: '01X', bundlePath: '/b', verdict: null, verdicts: [], problem: null }
    const runner = runnerOf(
      'answers',
      `parentPort.postMessage({ type: 'progress', step: 'look 1 of 2' }); parentPort.postMessage({ type: 'done', answer: ${JSON.stringify(answer)} })`,
    )
    const steps: string[] = []
    expect(await run(runner, 20_000, (step) => steps.push(step))).toEqual({ type: 'done', answer })
    expect(steps).toEqual(['look 1 of 2'])
    expect(runner.busy).toBe(false)
  })

  it('that throws is a crash, and says in which step', async () => {
    const runner = runnerOf(
      'throws',
      `parentPort.postMessage({ type: 'progress', step: 'seal' }); throw new Error('boom')`,
    )
    const result = await run(runner, 20_000)
    expect(codeOf(result)).toBe('ERR_STALL_CAPTURE_CRASHED')
    expect(result.type === 'failed' && result.error.message).toContain('boom')
  })

  it('that ends without a word is a crash too', async () => {
    expect(codeOf(await run(runnerOf('silent', ''), 20_000))).toBe('ERR_STALL_CAPTURE_CRASHED')
  })

  it('that never ends is given up in time, and the next one can start', async () => {
    const runner = runnerOf('hangs', 'for (;;);')
    expect(codeOf(await run(runner, 300, undefined, { ...DATA, mode: 'look' }))).toBe('ERR_STALL_TIMEOUT')
    expect(runner.busy).toBe(false)
  })

  it('that is late with an incident is left to end by itself, and counted until then', async ({ expect }) => {
    // Ended from outside it would never write this file.
    const done = path.join(folder, 'late-done')
    const runner = runnerOf(
      'late',
      `setTimeout(() => require('node:fs').writeFileSync(${JSON.stringify(done)}, ''), 1500)`,
    )
    expect(codeOf(await run(runner, 100))).toBe('ERR_STALL_TIMEOUT')
    expect(codeOf(await run(runner, 100))).toBe('ERR_STALL_TIMEOUT')
    const third = await run(runner, 100)
    expect(third.type === 'failed' && third.error.message).toBe('earlier captures are stuck')
    await expect.poll(() => existsSync(done), { timeout: 10_000 }).toBe(true)
    await expect.poll(async () => codeOf(await run(runner, 100)), { timeout: 10_000 }).toBe('ERR_STALL_TIMEOUT')
  })

  it('of which there is one already is refused at once', async () => {
    const runner = runnerOf('one', 'setInterval(() => {}, 1000)')
    const first = run(runner, 60_000)
    expect(runner.busy).toBe(true)
    expect(codeOf(await run(runner, 60_000))).toBe('ERR_STALL_CAPTURE_FAILED')
    runner.cancel()
    expect(codeOf(await first)).toBe('ERR_STALL_CAPTURE_FAILED')
  })

  it('that can not even be started is told like any other failure', async () => {
    const runner = new CaptureRunner({ memoryMb: 64, file: path.join(folder, 'missing.cjs') })
    expect(codeOf(await run(runner, 20_000))).toBe('ERR_STALL_CAPTURE_CRASHED')
  })
})

// Not beside the others: it holds their thread too.
it('a capture is not late when the whole process stood still: an answer that came meanwhile is heard', async () => {
  const runner = runnerOf('still', "parentPort.postMessage({ type: 'looked', look: '{}' })")
  const answered = run(runner, 1500, undefined, DATA)
  const until = performance.now() + 4500
  while (performance.now() < until);
  expect(codeOf(await answered)).toBe('looked')
})
