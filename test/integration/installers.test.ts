/** What `npm run installs` does with npm too: the package by pnpm and by yarn, in empty folders, and the README followed. */
import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { PROJECT_ROOT } from '../support/nodes.js'

const RUN = path.join(PROJECT_ROOT, 'test/installers/run.mjs')
const LIMIT_MS = 400_000

test(
  'installs without a word of complaint by pnpm and yarn, and does what the README says',
  async ({ skip }) => {
    const { stdout } = await promisify(execFile)(process.execPath, [RUN, '--with', 'pnpm,yarn'], {
      timeout: LIMIT_MS,
    }).catch((error: Error & { stdout?: string }) => ({ stdout: `${error.message}\n${error.stdout ?? ''}` }))
    const skipped = stdout.split('\n').filter((line) => line.startsWith('skipped '))
    const wanted = ['pnpm', 'yarn'].filter((manager) => !skipped.some((line) => line.startsWith(`skipped ${manager}:`)))
    expect(
      wanted.filter((manager) => !stdout.includes(`ok ${manager}\n`)),
      stdout,
    ).toEqual([])
    if (wanted.length < 2) skip(skipped.join('; '))
  },
  LIMIT_MS,
)
