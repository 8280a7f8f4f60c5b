/** A small form of `npm run hostile-memory`: what builds one thing in excess is read within bounds, and the rest is said. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import { NODES, PROJECT_ROOT } from '../support/nodes.js'

const RUN = path.join(PROJECT_ROOT, 'test/hostile-memory/run.mjs')
/** One of each kind: a chain, a crowd, a ring that never ends, and a name without a bound. */
const CASES = [
  ['chain of promises', '0.01', /nothing \|$/m],
  ['pending awaits of one promise', '0.01', /places whose wait was not searched: 1 \|$/m],
  ['ring of contexts', '0.01', /nothing \|$/m],
  ['name of a function', '0.1', /nothing \|$/m],
  // Pools whose members lead to each other, and one in a table of hundreds of thousands of objects that have it.
  ['ring of lent members', '1', /nothing \|$/m],
  ['properties of a lent member', '0.3', /nothing \|$/m],
] as const

test.each(CASES)(
  '%s',
  (name, scale, leftOut) => {
    const major = String(NODES.at(-1)?.major)
    const args = [RUN, '--node', major, '--only', name, '--scale', scale]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 240_000 })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`| ${name} |`)
    expect(stdout).toMatch(leftOut)
  },
  250_000,
)
