/**
 * The main promise, on every Node line, through every door: a wedged worker leaves a sealed bundle and ends with 70, and
 * a worker that moves leaves nothing. Thresholds of seconds; the runs of one line go in parallel.
 */
import { describe, expect, it } from 'vitest'
import type { IncidentManifest } from '../../src/model/incident.js'
import { NODES } from '../support/nodes.js'
import { runWorker, type Preload } from '../support/run-worker.js'

const GRACE_MS = 40_000
/** Start-up, three seconds of stall, the grace, and a machine that does other things too. */
const LIMIT_MS = 90_000

type Door = readonly [program: string, preload: Preload]

// Every kind of wedge on every line; module kinds and preloads take turns, so that each line sees all six pairs.
const DOORS: readonly Door[] = [
  ['agent-worker.cjs', 'require'],
  ['agent-worker.mjs', 'import'],
  ['agent-worker.cjs', 'node-options'],
  ['agent-worker.mjs', 'require'],
  ['agent-worker.cjs', 'import'],
  ['agent-worker.mjs', 'node-options'],
]

const WEDGES = ['loop', 'exec', 'fifo', 'atomics', 'await'].flatMap((kind, index) => [
  { kind, pool: false, door: DOORS[(2 * index) % DOORS.length] as Door },
  { kind, pool: true, door: DOORS[(2 * index + 1) % DOORS.length] as Door },
])

const HEALTHY = ['healthy', 'slow', 'long-poll', 'paused', 'young-slots', 'fed-by-updates'].map((kind, index) => ({
  kind,
  door: DOORS[index % DOORS.length] as Door,
}))

/** What the capture cost the worker: a thread's memory and CPU, and every pause of an artifact. */
function expectCostOf(incident: IncidentManifest | undefined): void {
  if (!incident) throw new Error('no incident')
  const { cost, artifacts } = incident
  const paused = artifacts.reduce((sum, artifact) => sum + artifact.pausedMs, 0)
  // More where an attempt paused and came to nothing.
  expect(cost.pausedMs).toBeGreaterThan(paused - artifacts.length)
  expect(cost.pausedMs).toBeLessThan(cost.wallMs)
  expect(cost.cpuMs).toBeGreaterThan(10)
  expect(cost.cpuMs).toBeLessThan(60_000)
  expect(cost.wallMs).toBeGreaterThanOrEqual(Math.max(...artifacts.map((artifact) => artifact.tookMs)))
  expect(cost.memoryBytes).toBeGreaterThan(1_000_000)
  expect(cost.memoryBytes).toBeLessThan(200_000_000)
  expect(cost.endedOnAttach).toBe(false)
}

describe.concurrent.each(NODES)('on Node $major', (node) => {
  it.each(WEDGES)(
    'leaves a sealed bundle and ends with 70: $kind, pool exhausted: $pool, $door',
    async ({ kind, pool, door: [program, preload] }) => {
      const args = pool ? [kind, 'pool'] : [kind]
      const worker = await runWorker({ node, program, preload, args })
      const story = `${worker.stdout}\n${worker.stderr}`
      expect(worker, story).toMatchObject({ code: 70, signal: null })
      expect(worker.tookMs).toBeLessThan(LIMIT_MS)
      expect(worker.stdout).toBe('ready\n')
      expect(worker.partial, story).toEqual([])
      expect(worker.incidents.length, story).toBeGreaterThanOrEqual(1)
      const [incident] = worker.incidents
      expect(incident?.process).toMatchObject({ node: node.version, agent: true })
      expect(incident?.verdicts.length).toBeGreaterThan(0)
      expect(incident?.clocks.map((clock) => clock.name)).toContain('invoices')
      expectCostOf(incident)
      expect(worker.tombstones).toMatchObject([
        { exitCodeMeant: 70, how: 'koffi', clock: 'invoices', incident: worker.incidents.at(-1)?.id },
      ])
      const ending = worker.lines.find((line) => line.event === 'ending')
      expect(ending?.msg, story).toContain(worker.incidents.at(-1)?.id)
      // One line tells the end; the warning before it is none.
      expect(
        worker.lines.filter(({ level }) => level >= 50),
        story,
      ).toEqual([ending])
    },
    LIMIT_MS + GRACE_MS,
  )

  it('is told at once when nothing is left alive, and ends with 70 instead of 0', async () => {
    const worker = await runWorker({ node, program: 'agent-worker.cjs', args: ['nothing'] })
    expect(worker, worker.stderr).toMatchObject({ code: 70, signal: null })
    expect(worker.incidents).toMatchObject([{ stall: { trigger: 'ended', level: 'stall', clock: 'invoices' } }])
    expect(worker.incidents[0]?.verdicts[0]).toMatchObject({ kind: 'ended', cause: 'nothing-alive' })
    expect(worker.tombstones).toMatchObject([{ how: 'exit', clock: 'invoices' }])
  })

  it.each(HEALTHY)(
    'leaves nothing of a worker that moves: $kind, $door',
    async ({ kind, door: [program, preload] }) => {
      const worker = await runWorker({ node, program, preload, args: [kind], env: { TEST_RUN_MS: '5000' } })
      expect(worker, worker.stderr).toMatchObject({ code: 0, signal: null, stdout: 'ready\ndone\n' })
      expect(worker.lines).toEqual([])
      expect([worker.incidents, worker.partial, worker.tombstones]).toEqual([[], [], []])
    },
  )
})
