import { expect, test } from 'vitest'
import { NODES } from '../support/nodes.js'
import { runWorker } from '../support/run-worker.js'

const [node] = NODES
const run = (what: string) => {
  if (!node) throw new Error('no Node')
  return runWorker({ node, program: 'agent-instrument.cjs', args: [what] })
}

test('a poll that never settles is an incident, and the place of its await is named', async () => {
  const { code, incidents, stdout } = await run('hang')
  expect(stdout).toBe('order 1\norder 2\n')
  expect(code).toBe(70)
  const clock = incidents[0]?.clocks.find((each) => each.name === 'orders')
  expect(clock?.inFlightMs).toBeGreaterThan(500)
  expect(incidents[0]?.verdicts[0]).toMatchObject({ kind: 'awaiting', where: { function: 'poll' } })
})

test('what is returned and thrown stays as it is, and nothing is left behind', async () => {
  expect(await run('ok')).toMatchObject({ code: 0, stdout: 'order 1\norder 2\n', incidents: [] })
  expect(await run('fail')).toMatchObject({
    code: 0,
    stdout: 'refused by the server\nrefused by the server\n',
    incidents: [],
  })
})
