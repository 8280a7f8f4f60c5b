/** A wait that nothing can settle is garbage: what an early look saw of it is told when the collector has taken it. */
import { expect, test } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCli } from '../support/cli.js'
import { RunningWorker } from '../support/run-worker.js'
import { NODES } from '../support/nodes.js'

const GC = ['--expose-gc']

test.each(NODES)(
  'names the function that was collected before the capture, on Node $major',
  async (node) => {
    let dumped = ''
    const env = { CONDUCTOR_STALL_LOG_LEVEL: 'debug' }
    const worker = new RunningWorker({ node, program: 'agent-collected.cjs', flags: GC, preload: 'none', env })
    try {
      await worker.says('an early look is kept', 60_000)
      worker.child.kill('SIGUSR2')
      await worker.says('"event":"incident"', 100_000)
      // From outside nothing of it is left: the way to the agent's own incident is what helps.
      dumped = (await runCli(['dump', String(worker.child.pid)])).stderr
    } finally {
      worker.child.kill('SIGKILL')
    }
    const { incidents, stderr } = await worker.result
    const [incident] = incidents
    expect(dumped).toContain(`the agent in it has an incident already: conductor-diag show ${incident?.id}\n`)
    expect(incident?.verdicts[0], stderr).toMatchObject({
      kind: 'awaiting',
      cause: 'never-settles',
      confidence: 'medium',
      where: { function: 'sendMail' },
    })
    // V8 14.6 leaves it to the end in some runs, whatever collections are asked for: then both looks see it.
    const collected = /an earlier look saw it; the garbage collector has taken it/
    const kept = /no live root reaches a resolver of this promise/
    const signs = incident?.verdicts[0]?.signs.join('; ') ?? ''
    expect(signs).toMatch(node.major >= 26 && kept.test(signs) ? kept : collected)
  },
  120_000,
)

// Garbage is collected every 200 ms: no early look comes in time, and what is left is who awaits the instrumented call.
test.each([NODES.at(0), NODES.at(-1)].flatMap((node) => node ?? []))(
  'names who awaits an instrumented function that was collected at once, on Node $major',
  async (node) => {
    const worker = new RunningWorker({ node, program: 'agent-instrumented.mjs', flags: GC, preload: 'none' })
    try {
      await worker.says('"event":"incident"', 100_000)
    } finally {
      worker.child.kill('SIGKILL')
    }
    const { incidents, stderr } = await worker.result
    expect(incidents[0]?.verdicts[0], stderr).toMatchObject({
      kind: 'awaiting',
      cause: 'never-settles',
      where: { function: 'work', line: 22 },
    })
  },
  120_000,
)

test('leaves an instrumented function alone whose wait ends', async () => {
  const [node] = NODES
  if (!node) throw new Error('no Node')
  const program = { program: 'agent-instrumented.mjs', args: ['moves'] }
  const worker = new RunningWorker({ node, ...program, flags: GC, preload: 'none' })
  try {
    await sleep(15_000)
  } finally {
    worker.child.kill('SIGKILL')
  }
  const { incidents, stderr } = await worker.result
  expect(incidents, stderr).toEqual([])
}, 60_000)
