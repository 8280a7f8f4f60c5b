/** Who holds a lock that runs its tasks by callbacks. */
import { expect, it } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { programFile } from '../support/await-oracle.js'
import { startProgram } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

it.each(NODES)('names the task whose end gives the lock back, and nobody else, on Node $major', async (node) => {
  const target = await startProgram(node, programFile(PROGRAMS, 'callback-lock.cjs'))
  try {
    const { stdout } = await runCli(['dump', String(target.pid), '--json'])
    const { verdicts } = JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }
    const of = (name: string) => verdicts.find((each) => each.where?.function === name)
    expect(of('behindStuck')).toMatchObject({ cause: 'lock', confidence: 'medium' })
    expect(of('behindStuck')?.summary).toContain('held by neverAnswered (callback-lock.cjs:31)')
    // Its holder goes on when a timer is due: it is served.
    expect(of('behindSlow')).toMatchObject({ cause: 'lock', confidence: 'low' })
    expect(of('behindSlow')?.summary).toContain('held by inItsTime (callback-lock.cjs:34)')
    expect(of('behindLeft')).toMatchObject({ cause: 'lock' })
    expect(of('behindLeft')?.summary).not.toContain('held by')
  } finally {
    await target.end()
  }
})
