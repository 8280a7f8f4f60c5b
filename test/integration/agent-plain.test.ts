/**
 * Workers that no integration knows: a wedged main thread is ended all the same, evidence first, and says at its start
 * what it can expect.
 */
import { describe, expect, it } from 'vitest'
import { NODES } from '../support/nodes.js'
import { inTurn } from '../support/run-worker.js'
import { PLAIN_KINDS, startPlain, type PlainWedge } from '../support/plain-worker.js'

const WEDGES: readonly PlainWedge[] = ['loop', 'exec', 'fifo']
const VERDICTS = { loop: /^computing\//, exec: /^blocked-in-native\//, fifo: /^blocked-in-native\// }

// Every kind on every line, every wedge on every line; all twelve pairs on the newest.
const CASES = NODES.flatMap((node, line) =>
  PLAIN_KINDS.flatMap((kind, index) =>
    WEDGES.filter((_, which) => line === NODES.length - 1 || (index + line) % WEDGES.length === which).map((wedge) => ({
      node,
      line: node.major,
      kind,
      wedge,
    })),
  ),
)

describe.concurrent('a wedged worker without a poll loop', { timeout: 300_000 }, () => {
  it.each(CASES)('ends with 70, evidence first: Node $line, $kind, $wedge', async ({ node, kind, wedge }) => {
    const result = await inTurn(async () => await (await startPlain(node, kind, wedge)).result)
    expect(result, result.stderr).toMatchObject({ code: 70, signal: null, partial: [] })
    expect(result.tombstones).toMatchObject([{ clock: 'event-loop', exitCodeMeant: 70 }])
    const last = result.incidents.find((incident) => incident.id === result.tombstones[0]?.incident)
    // On a crowded machine it is starved as well, and that may come first.
    const its = last?.verdicts.find(({ kind, cause }) => VERDICTS[wedge].test(`${kind}/${cause}`))
    expect(its?.where?.file, JSON.stringify(last?.verdicts)).toMatch(/server\.cjs$/)
  })
})

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
