/**
 * Workers that no integration knows: a wedged main thread is ended all the same, evidence first, and says at its start
 * what it can expect.
 */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, test } from 'vitest'
import { NODES, PROJECT_ROOT } from '../support/nodes.js'
import { startPlain } from '../support/plain-worker.js'

const ENDS = path.join(PROJECT_ROOT, 'test/servers/ends/run.mjs')
/** plain http, Express, Fastify, Conductor SDK 2.4.1, a bare setInterval. */
const WORKERS = 5
const LIMIT_MS = 600_000

test(
  'ends with 70, evidence first, and is restarted: every worker of the table on every Node',
  async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [ENDS, '--short', '--node', NODES.map(({ major }) => major).join(',')],
      { timeout: LIMIT_MS },
    ).catch((error: Error & { stdout?: string }) => ({ stdout: `${error.message}\n${error.stdout ?? ''}` }))
    const cells = stdout.split('\n').filter((line) => /^(?:ok|WRONG) {2}/.test(line))
    expect(cells.filter((line) => !line.startsWith('ok'))).toEqual([])
    expect(stdout).toContain(`${WORKERS * NODES.length} of ${WORKERS * NODES.length} right`)
  },
  LIMIT_MS,
)

describe('and what must not be ended', () => {
  const node = NODES.at(-1)
  if (!node) throw new Error('no Node')
  const QUICK = { CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '3', CONDUCTOR_STALL_EVENT_LOOP_TIMEOUT_SECONDS: '0' }

  it('with the time-out off, however long the event loop stands still', async () => {
    const worker = await startPlain(node, 'http', 'exec', { env: QUICK })
    await worker.says('"event":"incident"', 60_000)
    worker.child.kill('SIGKILL')
    const result = await worker.result
    expect(result).toMatchObject({ signal: 'SIGKILL', tombstones: [] })
    expect(result.incidents).toMatchObject([{ stall: { trigger: 'event-loop', level: 'warn' } }])
  })
})

describe('the first line', () => {
  const [node] = NODES
  if (!node) throw new Error('no Node')

  it('says what is watched, with which thresholds, where bundles go, and what ends it', async () => {
    const worker = await startPlain(node, 'http', null, {
      env: { CONDUCTOR_STALL_EVENT_LOOP_TIMEOUT_SECONDS: '120' },
    })
    await worker.says('"event":"watching"')
    worker.child.kill('SIGKILL')
    const { starts, stdout } = await worker.result
    expect(starts).toMatchObject([
      {
        level: 30,
        clocks: ['event-loop'],
        eventLoopWarnMs: 1500,
        eventLoopTimeoutMs: 120_000,
        dir: worker.dir,
        canExit: true,
      },
    ])
    expect(starts[0]?.msg).toBe(
      `watching the event loop (no poll loop is known yet); evidence after 1.5 s of a blocked event loop; ended with code 70 after 120 s of a blocked event loop; not ended for work that waits for ever: that takes a poll loop or heartbeat(); bundles: ${worker.dir}`,
    )
    expect(stdout).toMatch(/^ready \d+\n$/)
  })

  it('is preceded by a warning when the folder that was named takes no bundles', async () => {
    const worker = await startPlain(node, 'http', null, { dir: '/proc/nope' })
    await worker.says('"event":"watching"')
    worker.child.kill('SIGKILL')
    const { starts } = await worker.result
    expect(starts[0]).toMatchObject({ level: 40, event: 'folder' })
    expect(starts[0]?.msg).toContain("CONDUCTOR_STALL_DIR=/proc/nope can't be used")
  })
})
