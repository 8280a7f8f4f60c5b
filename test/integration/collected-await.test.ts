/** A wait that nothing can settle is garbage: what an early look saw of it is told when the collector has taken it. */
import { expect, test } from 'vitest'
import { runCli } from '../support/cli.js'
import { RunningWorker } from '../support/run-worker.js'
import { NODES } from '../support/nodes.js'

test.each(NODES)(
  'names the function that was collected before the capture, on Node $major',
  async (node) => {
    let dumped = ''
    const worker = new RunningWorker({ node, program: 'agent-collected.cjs', flags: ['--expose-gc'], preload: 'none' })
    try {
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
