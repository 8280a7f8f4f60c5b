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
    expect(incident?.verdicts[0]?.signs.join('; ')).toMatch(
      /an earlier look saw it; the garbage collector has taken it/,
    )
  },
  120_000,
)
