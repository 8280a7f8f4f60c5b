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

/** With STALL_HEAL_ALL=1 each test on every Node, by turns with the two lines of the SDK that speak HTTP/2. */
const ALL = process.env['STALL_HEAL_ALL'] === '1'
const CELLS = NODES.map((node, i) => ({ node, sdk: i % 2 === 0 ? '3.1.0' : '4.0.0' }))
const [OLDEST, NEWEST] = ALL ? [CELLS, CELLS] : [CELLS.slice(0, 1), CELLS.slice(-1)]

describe.concurrent.each(NEWEST)('Node $node.major, SDK $sdk', ({ node, sdk }) => {
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

describe.concurrent.each(OLDEST)('Node $node.major, SDK $sdk', ({ node, sdk }) => {
  test('ends a worker whose new connections are dead, too, and says that closing one did not help', async (context) => {
    const { expect: its } = context
    const { server, worker } = await beginWorker(context, node, { tls: true }, { sdk, env: HEAL })
    await server.mute({ http2: true })
    its(await worker.exit, worker.log).toBe(70)
    its(outcomeOf(worker), worker.log).toBe('no-answer')
    its(worker.log).toContain('closing its dead connection did not help')
    its(worker.incidents().flatMap(({ stall }) => stall?.heal?.outcome ?? [])).toContain('no-answer')
  }, 360_000)
})

describe.concurrent.each(NEWEST)(
  'Node $node.major, SDK $sdk, a server that answers, only no polls',
  ({ node, sdk }) => {
    test('is asked before anything is closed, and never ended for', async (context) => {
      const { expect: its } = context
      const { server, worker } = await beginWorker(context, node, { tls: true }, { sdk, env: HEAL })
      await server.setMode('poll-hang')
      // Whether a look takes it for dead depends on what the server says of the polls that were given up.
      await its.poll(() => worker.log, { timeout: 270_000 }).toContain('not ended')
      its([undefined, 'alive'], worker.log).toContain(outcomeOf(worker))
      await server.setMode('ok')
      const { answeredPolls } = await server.state()
      await its
        .poll(async () => (await server.state()).answeredPolls, { timeout: 60_000 })
        .toBeGreaterThan(answeredPolls)
      its(worker.child.exitCode, worker.log).toBeNull()
    }, 360_000)
  },
)

/** Their polls have no time-out of their own, so that nothing proves their connection dead: closed before they are ended for it. */
const SILENT = {
  ...HEAL,
  CONDUCTOR_STALL_WARN_SECONDS: '6',
  CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '12',
  // They have no setting of their own for a certificate that nobody signed.
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
}
const WITHOUT_TIME_OUT = [
  { sdk: '1.2.3', tls: false },
  { sdk: '2.4.1', tls: false },
  { sdk: '2.4.1', tls: true },
].flatMap((cell, i) => (ALL ? NODES : NODES.slice(i % NODES.length).slice(0, 1)).map((node) => ({ ...cell, node })))

describe.concurrent.each(WITHOUT_TIME_OUT)(
  'Node $node.major, SDK $sdk, TLS: $tls, polls without a time-out',
  (cell) => {
    const { node, sdk, tls } = cell

    test('closes the connection of a poll that is not answered, and an answered poll proves it', async (context) => {
      const { expect: its } = context
      const { server, worker } = await beginWorker(context, node, { tls }, { sdk, env: SILENT })
      await server.mute()
      const { answeredPolls } = await server.state()
      await its.poll(() => outcomeOf(worker), { timeout: 120_000 }).toBe('answered')
      its((await server.state()).answeredPolls).toBeGreaterThan(answeredPolls)
      await its
        .poll(() => worker.incidents().some(({ stall }) => stall?.heal !== undefined), { timeout: 60_000 })
        .toBe(true)
      its(worker.child.exitCode, worker.log).toBeNull()
      const record = worker.incidents().find(({ stall }) => stall?.heal !== undefined)
      // Nothing but the end itself is reason enough.
      its(record?.stall).toMatchObject({ trigger: 'loop-silence', heal: { outcome: 'answered' } })
      const named = worker.incidents().find(({ id }) => id === record?.stall?.heal?.incident)
      its(named?.verdicts[0]).toMatchObject({ kind: 'awaiting', cause: 'http-response' })
    }, 240_000)

    test('is ended for a server that answers no polls on any connection', async (context) => {
      const { expect: its } = context
      const { server, worker } = await beginWorker(context, node, { tls }, { sdk, env: SILENT })
      await server.setMode('poll-hang')
      its(await worker.exit, worker.log).toBe(70)
      // Over HTTP/2 the connection answers when it is asked, and is left open.
      its(outcomeOf(worker), worker.log).toBe(tls ? 'alive' : 'no-answer')
    }, 240_000)
  },
)
