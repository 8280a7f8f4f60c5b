/** `idle` and `beating` of real processes: the one where nothing moves, the other only with a proof. */
import http from 'node:http'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DumpJson } from '../../src/report/dump-json.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'
import { startProgram, type Program } from '../support/program.js'

const TARGET = path.join(PROGRAMS, 'idle/target.cjs')

async function dumpOf(program: Program): Promise<DumpJson> {
  const { code, stdout, stderr } = await runCli(['dump', String(program.pid), '--json'])
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as DumpJson
}

async function withTarget(node: NodeBinary, kind: string, look: (program: Program) => Promise<void>): Promise<void> {
  const program = await startProgram(node, TARGET, [kind])
  try {
    await look(program)
  } finally {
    await program.end()
  }
}

describe.each(NODES.map((node) => [node.version, node] as const))('on %s', (_version, node) => {
  test.each([
    ['listening', /kept alive by a server that listens on 127\.0\.0\.1:\d+/],
    ['interval', /kept alive by 1 interval of 50 ms \(sweep, target\.cjs:\d+\)/],
    ['connected', /kept alive by a connection to 127\.0\.0\.1:\d+/],
    ['pacingSlowly', /All that is pending: pacingSlowly \(target\.cjs:\d+\) waits for a timer that is due in .* set/],
  ])('%s is idle, and says what keeps it alive', async (kind, told) => {
    await withTarget(node, kind, async (program) => {
      const { verdicts } = await dumpOf(program)
      expect(verdicts).toHaveLength(1)
      expect(verdicts[0]).toMatchObject({ kind: 'idle', cause: null, confidence: 'low' })
      expect(verdicts[0]?.summary).toMatch(told)
    })
  })

  test('a request that is accepted and never answered is told, one that is answered is not', async () => {
    await withTarget(node, 'listening', async (program) => {
      const port = Number(program.ready['port'])
      const answered = await get(port, '/fine')
      answered.resume()
      const asked = http.get({ port, path: '/stuck?token=secret' })
      asked.on('error', () => {})
      await program.line((line) => line['accepted'] === '/stuck')
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      const { verdicts, requests } = await dumpOf(program)
      expect(requests).toMatchObject([{ method: 'GET', path: '/stuck', begun: false, state: 'ESTABLISHED' }])
      expect(verdicts[0]).toMatchObject({ kind: 'idle', confidence: 'low' })
      expect(verdicts[0]?.summary).toMatch(
        /1 accepted request was never answered: GET \/stuck from 127\.0\.0\.1:\d+, for/,
      )
      asked.destroy()
    })
  })

  test('a poll loop that paces itself is beating by its awaits, and a timer that burns is not called well', async () => {
    await withTarget(node, 'pacing', async (program) => {
      const { verdicts } = await dumpOf(program)
      expect(verdicts[0]).toMatchObject({ kind: 'beating', confidence: 'medium' })
      expect(verdicts[0]?.signs.join('; ')).toMatch(/await.* moved on/)
    })
    await withTarget(node, 'overflow', async (program) => {
      const { verdicts } = await dumpOf(program)
      expect(verdicts[0]?.summary).toMatch(
        /% of a CPU is .*, most of it seen in makeReport \((?:its loop at )?target\.cjs:\d+\)/,
      )
      expect(verdicts[0]).toMatchObject({ kind: 'beating', confidence: 'low' })
      expect(verdicts[0]?.nextStep).not.toContain('Nothing to do')
    })
  })

  test('what looks for something again and again inside a call is idle, and one that is called again and again is beating', async () => {
    await withTarget(node, 'looking', async (program) => {
      const { verdicts } = await dumpOf(program)
      expect(verdicts[0]).toMatchObject({ kind: 'idle', confidence: 'low', where: { function: 'untilThere' } })
      expect(verdicts[0]?.summary).toMatch(
        /untilThere \(target\.cjs:\d+\) wakes .*waits again, and looking, which waits/,
      )
      expect(verdicts[0]?.nextStep).toMatch(/^See what untilThere .* looks for/)
    })
    await withTarget(node, 'calling', async (program) => {
      const { verdicts } = await dumpOf(program)
      expect(verdicts[0]).toMatchObject({ kind: 'beating', confidence: 'medium' })
    })
  })

  test('what looks for something while garbage is collected all the time is not called well', async () => {
    await withTarget(node, 'lookingCollected', async (program) => {
      const { verdicts } = await dumpOf(program)
      // Where others have the CPU, its collections want one most of the time: then that is told, and no progress either.
      const unproven = 'Its event loop turns, but nothing proves that it makes progress'
      const kind = verdicts[0]?.summary.startsWith(unproven) === true ? 'beating' : 'idle'
      expect(verdicts[0]).toMatchObject({ kind, confidence: 'low' })
    })
    // That it were stuck in one call would be wrong.
    await withTarget(node, 'callingCollected', async (program) => {
      const { verdicts } = await dumpOf(program)
      expect(verdicts[0]?.summary).not.toContain('has not moved')
    })
  })

  test('an endless recursion of awaits is told as such', async () => {
    await withTarget(node, 'recursing', async (program) => {
      const { verdicts } = await dumpOf(program)
      // On a crowded machine the want of a CPU may come before it.
      const [told] = verdicts.filter(({ kind }) => kind === 'idle' || kind === 'beating')
      expect(told?.summary).toMatch(/descend \(target\.cjs:\d+\) inside descend again and again/)
      expect(told?.nextStep).not.toContain('Nothing to do')
    })
  })

  test('a server that answers is beating', async () => {
    await withTarget(node, 'listening', async (program) => {
      const port = Number(program.ready['port'])
      const agent = new http.Agent({ keepAlive: true })
      const asking = new AbortController()
      const ask = async (): Promise<void> => {
        while (!asking.signal.aborted) (await get(port, '/fine', agent)).resume()
      }
      const asked = ask().catch(() => {})
      const { verdicts } = await dumpOf(program)
      asking.abort()
      await asked
      agent.destroy()
      expect(verdicts[0]).toMatchObject({ kind: 'beating' })
    })
  })

  test("libuv's counter of events is where node itself reads it", async () => {
    if (node.major < 22) return
    await withTarget(node, 'metrics', async (program) => {
      const { events: before } = await program.line((each) => each['events'] !== undefined)
      const { threads } = await dumpOf(program)
      const line = await program.line((each) => each['events'] !== undefined)
      const events = threads.find(({ role }) => role === 'main')?.loop?.events ?? -1
      expect(events).toBeGreaterThanOrEqual(Number(before))
      expect(events).toBeLessThanOrEqual(Number(line['events']))
      expect(events).toBeGreaterThan(0)
    })
  })
})

function get(port: number, url: string, agent?: http.Agent): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http.get({ port, path: url, ...(agent ? { agent } : {}) }, resolve).on('error', reject)
  })
}
