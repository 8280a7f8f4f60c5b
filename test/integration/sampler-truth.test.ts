/** A profile from outside has no stack that the program can't have, and spends its time where the program does. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { NODES, PROJECT_ROOT } from '../support/nodes.js'

interface Row {
  readonly samples: number
  readonly impossible: number
  readonly ours: string
}

const run = promisify(execFile)

it.each(NODES)('frames of calls that have returned are not drawn beside inlined code, on Node $major', async (node) => {
  const args = ['bench/truth.mjs', '--seconds', '2', '--only', 'inlined', '--json', '--node', node.path]
  const { stdout } = await run(process.execPath, args, { cwd: PROJECT_ROOT, timeout: 90_000 })
  const [row] = JSON.parse(stdout) as Row[]
  expect(row?.samples).toBeGreaterThan(0)
  expect(row?.impossible).toBe(0)
  // Before, `middle` or `digest`, which had long returned, in up to all samples.
  expect(row?.ours.split(' ')[0]).toBe('loop')
})
