/** What a kubelet finds after a worker's end: the termination message, and nothing where it made no file for it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it, type TestContext } from 'vitest'
import { NODES } from '../../support/nodes.js'
import { startPlain } from '../../support/plain-worker.js'
import type { WorkerResult } from '../../support/run-worker.js'

const newest = NODES.at(-1)
if (!newest) throw new Error('no Node')

function scratch(onTestFinished: TestContext['onTestFinished']): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stall-kubelet-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function wedgedWith(terminationLog: string): Promise<WorkerResult> {
  const env = { CONDUCTOR_STALL_TERMINATION_LOG: terminationLog }
  return await (
    await startPlain(newest as (typeof NODES)[number], 'http', 'exec', { env })
  ).result
}

describe.concurrent('the termination message', () => {
  it('is one line: what stood still, where, the bundle, the exit code', async ({ onTestFinished }) => {
    const file = path.join(scratch(onTestFinished), 'termination-log')
    writeFileSync(file, 'what an earlier container said, which was longer than this'.repeat(50))
    const { code, incidents } = await wedgedWith(file)
    expect(code).toBe(70)
    const said = readFileSync(file, 'utf8')
    expect(said).toMatch(/^stalled: the event loop has not turned for [\d.]+ s, .+; ending with exit code 70\n$/)
    expect(said).toContain('blocked-in-native/child-process at exec (')
    expect(said).toContain(incidents[0]?.id ?? 'no incident')
  })

  it('is not made where nobody asks for it, and holds up no end', async ({ onTestFinished }) => {
    const folder = scratch(onTestFinished)
    const fifo = path.join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    const [absent, pipe] = await Promise.all([wedgedWith(path.join(folder, 'absent')), wedgedWith(fifo)])
    expect([absent.code, pipe.code]).toEqual([70, 70])
    expect(existsSync(path.join(folder, 'absent'))).toBe(false)
    expect([absent.tombstones.length, pipe.tombstones.length]).toEqual([1, 1])
  })
})
