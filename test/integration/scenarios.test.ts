/** A fast part of `npm run scenarios`: real programs, really wedged, judged by kind, cause, function and line. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { NODES, PROJECT_ROOT } from '../support/nodes.js'

const RUNNER = path.join(PROJECT_ROOT, 'test/scenarios/run.mjs')
const run = promisify(execFile)

const SCENARIOS = [
  'computing-loop',
  'blocked-child',
  'blocked-file-read',
  'awaiting-lock-deadlock',
  'awaiting-file',
  'stopped-by-signal',
  'control-busy-moving',
]

test.each(NODES.filter(({ major }) => major === 20 || major === 26))(
  'names kind, cause, function and line of wedged programs on Node $major',
  async ({ major }) => {
    const args = [
      RUNNER,
      '--only',
      SCENARIOS.join(','),
      '--node',
      String(major),
      '--side',
      'outside',
      '--variant',
      major === 20 ? 'a' : 'b',
      '--jobs',
      '3',
    ]
    const { stdout } = await run(process.execPath, args, { timeout: 170_000, encoding: 'utf8' }).catch(
      (error: unknown) => {
        throw new Error(`scenarios failed: ${String((error as { stdout?: string }).stdout)}`)
      },
    )
    expect(stdout).toContain(`${SCENARIOS.length} right, 0 wrong, 0 skipped`)
  },
  180_000,
)
