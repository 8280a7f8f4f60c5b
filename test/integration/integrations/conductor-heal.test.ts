/** A dead connection is closed from inside before the worker is ended for it, where that is allowed; and only a dead one. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'vitest'
import { beginWorker, type AgentWorker } from '../../support/agent-worker.js'
import { NODES } from '../../support/nodes.js'

/** A look on a crowded machine may not tell, and is repeated after a minute: as often as it takes. */
const HEAL = { CONDUCTOR_STALL_HEAL: 'true', CONDUCTOR_STALL_MAX_PER_HOUR: '60' }

interface LogLine {
  readonly event?: string
  readonly outcome?: string
  readonly msg?: string
}

function linesOf(worker: AgentWorker): LogLine[] {
  return worker.log.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []))
}

const outcomeOf = (worker: AgentWorker): string | undefined =>
  linesOf(worker).find(({ event }) => event === 'healed')?.outcome

/** The oldest Node and the newest, each with another line of the SDK; all of them with STALL_HEAL_ALL=1. */
const ALL = process.env['STALL_HEAL_ALL'] === '1'
const ENDS = NODES.filter((_, i) => ALL || i === 0 || i === NODES.length - 1)
const CELLS = ENDS.map((node, i) => ({ node, sdk: i % 2 === 0 ? '4.0.0' : '3.1.0' }))

describe.concurrent.each(CELLS)('Node $node.major, SDK $sdk', ({ node, sdk }) => {
  test('closes the dead HTTP/2 connection, and an answered poll proves it', async (context) => {
    const { expect: its } = context
    const { server, worker } = await beginWorker(context, node, { tls: true }, { sdk, env: HEAL })
    await server.mute()
    const { answeredPolls } = await server.state()
    await its.poll(() => outcomeOf(worker), { timeout: 270_000 }).toBe('answered')
    its((await server.state()).answeredPolls).toBeGreaterThan(answeredPolls)
    await its
      .poll(() => worker.incidents().some(({ stall }) => stall?.heal !== undefined), { timeout: 60_000 })
      .toBe(true)
    its(worker.child.exitCode, worker.log).toBeNull()
    const [first] = worker.incidents().filter(({ stall }) => stall?.heal === undefined)
    const record = worker.incidents().find(({ stall }) => stall?.heal !== undefined)
    // The evidence first: it was sealed before anything was closed.
    its(worker.incidents().map(({ id }) => id)).toContain(record?.stall?.heal?.incident)
    its(record?.follows, worker.log).toBe(first?.id)
    its(record?.stall?.heal).toMatchObject({ outcome: 'answered' })
    its(record?.stall?.heal?.steps.map(({ text }) => text).join('\n')).toContain(
      'did not answer an HTTP/2 PING in 3 s, and it was closed',
    )
    its(record?.verdicts[0]).toMatchObject({ kind: 'awaiting', cause: 'connection-reused-dead', confidence: 'high' })
    const report = readFileSync(path.join(worker.folderOf(record?.id ?? ''), 'report.md'), 'utf8')
    its(report).toContain('A poll was answered after its dead connection was closed from inside')
  }, 360_000)
})

/** What does not hang on the Node line is tried on one of them each. */
const [SOME, OTHERS] = ALL ? [NODES, NODES] : [NODES.slice(0, 1), NODES.slice(-1)]

describe.concurrent.each(SOME)('Node $major', (node) => {
  test('ends a worker whose new connections are dead, too, and says that closing one did not help', async (context) => {
    const { expect: its } = context
    const { server, worker } = await beginWorker(context, node, { tls: true }, { env: HEAL })
    await server.mute({ http2: true })
    its(await worker.exit, worker.log).toBe(70)
    its(outcomeOf(worker), worker.log).toBe('no-answer')
    its(worker.log).toContain('closing its dead connection did not help')
    its(worker.incidents().flatMap(({ stall }) => stall?.heal?.outcome ?? [])).toContain('no-answer')
  }, 360_000)
})

describe.concurrent.each(OTHERS)('Node $major', (node) => {
  test('leaves a connection open on which a server answers, only no polls, and does not end the worker', async (context) => {
    const { expect: its } = context
    const { server, worker } = await beginWorker(context, node, { tls: true }, { env: HEAL })
    await server.setMode('poll-hang')
    await its.poll(() => outcomeOf(worker), { timeout: 270_000 }).toBe('alive')
    await its.poll(() => worker.log, { timeout: 60_000 }).toContain('not ended: its connection is not dead')
    its(worker.child.exitCode, worker.log).toBeNull()
    // It polls on, and nothing ended meanwhile.
    await server.setMode('ok')
    const { answeredPolls } = await server.state()
    await its.poll(async () => (await server.state()).answeredPolls, { timeout: 60_000 }).toBeGreaterThan(answeredPolls)
    its(worker.child.exitCode, worker.log).toBeNull()
  }, 360_000)
})
