/** Flame graphs of one program by `record`, by `record --stop` and by V8's own profiler name the same three functions. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { NODES, PROJECT_ROOT } from '../support/nodes.js'

const run = promisify(execFile)

const TRIED = NODES.filter(({ major }) => major === 20 || major === 24)

it.each(TRIED)(
  'record, record --stop and V8 agree on what is hottest, on Node $major',
  async (node) => {
    const args = ['bench/hottest.mjs', '--seconds', '2', '--node', node.path]
    const { stdout } = await run(process.execPath, args, { cwd: PROJECT_ROOT, timeout: 170_000 })
    const { record, stop, v8 } = JSON.parse(stdout) as Record<'record' | 'stop' | 'v8', string[]>
    expect(v8.toSorted()).toEqual(['alpha', 'beta', 'gamma'])
    expect(record.toSorted()).toEqual(['alpha', 'beta', 'gamma'])
    expect(stop.toSorted()).toEqual(['alpha', 'beta', 'gamma'])
  },
  180_000,
)
