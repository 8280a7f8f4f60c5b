/** The demo checks itself: verdict, line, seal, exit code 70, and a new process that polls. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { PROJECT_ROOT } from '../support/nodes.js'

const DEMO = path.join(PROJECT_ROOT, 'test/fixtures/demo/demo.mjs')

/** The whole output, with the exit code as its last line. */
function demo(...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [DEMO, ...args], { encoding: 'utf8' }, (_error, stdout, stderr) =>
      resolve(`${stdout}${stderr}\nexit code ${child.exitCode}`),
    )
  })
}

test.each(['regexp', 'child'])(
  'does what it says: --wedge %s',
  async (wedge) => {
    expect(await demo('--wedge', wedge)).toMatch(/The demo did what it says\.\n+exit code 0$/)
  },
  180_000,
)

test('says which wedges there are', async () => {
  expect(await demo('--wedge', 'nothing')).toBe('--wedge takes regexp, child, await\n\nexit code 64')
})
