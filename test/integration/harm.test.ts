/** A fast part of `npm run harm`: with the agent a process ends as it does without, and says the same. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { NODES, PROJECT_ROOT } from '../support/nodes.js'

const CASES = [
  'both handled',
  'beforeExit',
  'listeners of process',
  'a worker thread out of memory',
  'cluster, preload inherited',
  '--frozen-intrinsics',
  'all three closed',
  'RLIMIT_NOFILE',
  'setuid',
  'no /proc',
  'SIGTERM in the middle of a capture',
]

test.each(NODES.filter(({ major }) => major === 20 || major === 26))(
  'a process is on Node $major what it is without the agent',
  async ({ major }) => {
    const only = CASES.map((name) => `--only=${name}`)
    const args = [path.join(PROJECT_ROOT, 'test/harm/run.mjs'), '--node', String(major), '--rounds', '1', ...only]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 170_000 })
    expect(stdout).toContain(`${CASES.length} cases, 0 differ`)
  },
  180_000,
)
