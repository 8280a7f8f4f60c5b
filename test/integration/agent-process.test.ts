/**
 * The worker as a process: signals, children, clusters, threads. Exit code and the time it takes to end are those it
 * would have had without the agent.
 */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/incidents.js'
import { NODES } from '../support/nodes.js'
import { PRELOAD, RunningWorker, runWorker, type Preload } from '../support/run-worker.js'

const [oldest] = NODES
const newest = NODES.at(-1)
if (!oldest || !newest) throw new Error('no Node binaries')

describe.concurrent.each([oldest, newest])('signals on Node $major', (node) => {
  it('SIGTERM without a handler ends it as ever', async () => {
    const worker = new RunningWorker({ node, program: 'agent-worker.cjs', args: ['healthy'] })
    await worker.says('ready')
    worker.child.kill('SIGTERM')
    expect(await worker.result).toMatchObject({ code: null, signal: 'SIGTERM', lines: [], incidents: [] })
  })

  it("SIGTERM with the user's handler is an orderly shutdown, however silent the loop is meanwhile", async () => {
    const worker = new RunningWorker({ node, program: 'agent-signals.cjs', args: ['drain'] })
    await worker.says('ready')
    worker.child.kill('SIGTERM')
    const result = await worker.result
    expect(result, result.stderr).toMatchObject({ code: 5, signal: null, lines: [], incidents: [], tombstones: [] })
    // The user's own listener is the only one.
    expect(result.stdout).toBe('ready\nlisteners 1\ndrained\n')
  })

  it('SIGTERM with a handler like signal-exit still ends it by the signal', async () => {
    const worker = new RunningWorker({ node, program: 'agent-signals.cjs', args: ['signal-exit'] })
    await worker.says('ready')
    worker.child.kill('SIGTERM')
    expect(await worker.result).toMatchObject({ code: null, signal: 'SIGTERM' })
  })

  it('SIGSTOP for longer than the stall time-out, then SIGCONT, is no stall', async () => {
    const worker = new RunningWorker({
      node,
      program: 'agent-worker.cjs',
      args: ['healthy'],
      env: { TEST_RUN_MS: '9000' },
    })
    await worker.says('ready')
    worker.child.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 4500))
    worker.child.kill('SIGCONT')
    const result = await worker.result
    expect(result, result.stderr).toMatchObject({ code: 0, lines: [], incidents: [], tombstones: [] })
  })
})

describe.concurrent.each([oldest, newest])('an end like without the agent, on Node $major', (node) => {
  it.each([
    ['exit', 3],
    ['natural', 0],
    ['throw', 1],
    ['reject', 1],
    ['exit-code', 9],
  ])('%s', async (how, code) => {
    const preloads: Preload[] = ['none', 'require']
    const [bare, watched] = await Promise.all(
      preloads.map((preload) => runWorker({ node, program: 'agent-ends.cjs', args: [how], preload })),
    )
    expect(watched, watched?.stderr).toMatchObject({ code, signal: null, stdout: bare?.stdout })
    expect(bare).toMatchObject({ code })
    expect(watched?.lines).toEqual([])
    // Generous: this machine does other things too. A thread that held the process would hold it for seconds.
    expect((watched?.tookMs ?? 0) - (bare?.tookMs ?? 0)).toBeLessThan(2500)
  })
})

describe.each([oldest, newest])('an end while the agent starts, on Node $major', (node) => {
  it('has the exit code of the process, in whatever moment of it', ({ onTestFinished }) => {
    const folder = temporaryFolder('ends')
    onTestFinished(() => folder.remove())
    // Its threads begin after 250 ms; koffi is loaded in the next 50. Torn out of that, it aborted the process.
    const moments = Array.from({ length: 30 }, (_, index) => 265 + 2 * index)
    const ends: string[] = []
    for (const ms of moments) {
      const args = ['--require', PRELOAD, '-e', `setTimeout(() => process.exit(5), ${ms})`]
      const env = { PATH: process.env['PATH'], CONDUCTOR_STALL_DIR: folder.path }
      const { status, signal, stderr } = spawnSync(node.path, args, { env, encoding: 'utf8' })
      if (status !== 5) ends.push(`after ${ms} ms: ${status ?? signal}: ${stderr.slice(0, 200)}`)
    }
    expect(ends).toEqual([])
  })
})

describe.concurrent('what a process starts', () => {
  it('child processes inherit NODE_OPTIONS, and the agent in them waits for a clock', async () => {
    const worker = await runWorker({
      node: newest,
      program: 'agent-family.cjs',
      args: ['children'],
      preload: 'node-options',
    })
    expect(worker, worker.stderr).toMatchObject({ code: 0, lines: [] })
    expect(worker.stdout).toBe('child: agent yes, threads 0\nparent: agent yes, threads 0\n')
  })

  it('worker_threads are left alone', async () => {
    const worker = await runWorker({ node: newest, program: 'agent-family.cjs', args: ['threads'] })
    expect(worker, worker.stderr).toMatchObject({ code: 0, lines: [] })
    expect(worker.stdout).toBe('thread: agent no\nparent: agent yes\n')
  })

  it('each worker of a cluster is watched by itself', async () => {
    const worker = await runWorker({ node: newest, program: 'agent-family.cjs', args: ['cluster'] })
    expect(worker, worker.stderr).toMatchObject({ code: 0 })
    expect(worker.stdout).toBe('one ended with 70\nthe other ended with 0\n')
    expect(worker.tombstones).toHaveLength(1)
    expect(worker.incidents.every((incident) => incident.process.pid === worker.tombstones[0]?.pid)).toBe(true)
  })
})

describe.concurrent('heartbeats', () => {
  it('come over diagnostics_channel too, without a dependency', async () => {
    const worker = await runWorker({ node: oldest, program: 'agent-channel.cjs' })
    expect(worker, worker.stderr).toMatchObject({ code: 70 })
    expect(worker.incidents[0]?.stall).toMatchObject({ trigger: 'loop-silence', clock: 'from-channel' })
  })

  it('a capture on request is an incident without a stall', async () => {
    const worker = await runWorker({ node: oldest, program: 'agent-capture.mjs', preload: 'import' })
    expect(worker, worker.stderr).toMatchObject({ code: 0 })
    expect(worker.incidents).toMatchObject([{ stall: { trigger: 'manual', reason: 'just looking' } }])
    expect(worker.stdout).toBe(`${worker.incidents[0]?.id}\n`)
  })

  it('a capture at the end of a program keeps it alive until the bundle is sealed', async () => {
    const worker = await runWorker({ node: newest, program: 'agent-capture-alone.mjs', preload: 'import' })
    expect(worker, worker.stderr).toMatchObject({ code: 0, signal: null, partial: [] })
    expect(worker.incidents).toMatchObject([{ stall: { trigger: 'manual', reason: 'before the end' } }])
    expect(worker.stdout).toBe(`${worker.incidents[0]?.id}\n`)
  })

  it('of two clocks, the silent one ends the process though the other beats', async () => {
    const worker = await runWorker({ node: oldest, program: 'agent-two-clocks.cjs' })
    expect(worker, worker.stderr).toMatchObject({ code: 70 })
    expect(worker.tombstones).toMatchObject([{ clock: 'silent' }])
  })
})
