/** Locks that a slow holder has, and a mailbox that somebody fills: no deadlock, where siblings of them are one. */
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const PROGRAM = path.join(PROGRAMS, 'moving-locks.cjs')
const TWO_WAYS = path.join(PROGRAMS, 'awaits/two-ways-in.cjs')
const WALKING = path.join(PROGRAMS, 'awaits/walking-holder.cjs')

describe.each(NODES)('locks and mailboxes on Node $major', (node) => {
  it.each(['shared', 'two', 'nested', 'keyed', 'waiters', 'answers', 'subscribers', 'mailbox'])(
    'that get on slowly are no deadlock and no stall: %s',
    async (kind) => {
      const verdicts = await verdictsOfProgram(node, PROGRAM, [kind])
      expect(verdicts.map(({ summary }) => summary).join('\n')).not.toMatch(/deadlock|nothing alive can settle/)
      const [first] = verdicts
      expect(first?.kind === 'awaiting' && first.confidence !== 'low' ? first.summary : null).toBe(null)
    },
  )

  it('whose two holders each wait for the other one are a deadlock', async () => {
    const [first] = await verdictsOfProgram(node, PROGRAM, ['two-crossed'])
    expect(first).toMatchObject({ kind: 'awaiting', cause: 'lock', confidence: 'medium' })
    expect(first?.summary).toContain('deadlock')
  })

  it('whose holders all ask for one more of it wait for themselves', async () => {
    const [first] = await verdictsOfProgram(node, PROGRAM, ['nested-inside'])
    expect(first).toMatchObject({ kind: 'awaiting', cause: 'lock', confidence: 'high' })
    expect(first?.summary).toContain('deadlock with itself')
  })

  it.each(['shared-upgraded', 'mailbox-unfilled'])('that nothing can settle any more are told so: %s', async (kind) => {
    const [first] = await verdictsOfProgram(node, PROGRAM, [kind])
    expect(first).toMatchObject({ kind: 'awaiting', where: { file: PROGRAM } })
    expect(first?.summary).toMatch(/nothing alive can settle|deadlock/)
  })

  it.each(['steps', 'turns', 'deep'])(
    'of one that walks on are no more than a guess, and name it: %s',
    async (kind) => {
      const verdicts = await verdictsOfProgram(node, WALKING, [kind])
      const stuck = verdicts.filter((each) => each.kind === 'awaiting' && each.confidence !== 'low')
      expect(stuck.map(({ summary }) => summary)).toEqual([])
      const lock = verdicts.find(({ cause }) => cause === 'lock')
      if (lock !== undefined) expect(lock.summary).toContain('perhaps held by migrate (walking-holder.cjs:')
    },
  )

  it('of one that never gave it back is likely', async () => {
    const [first] = await verdictsOfProgram(node, WALKING, ['lost'])
    expect(first).toMatchObject({ kind: 'awaiting', cause: 'lock', confidence: 'medium' })
    expect(first?.summary).toContain('which no suspended function was found to hold')
  })

  it('with two ways in, taken in one order with long work, are no deadlock', async () => {
    const verdicts = await verdictsOfProgram(node, TWO_WAYS, ['ordered'])
    const stuck = verdicts.filter((each) => each.kind === 'awaiting' && each.confidence !== 'low')
    expect(stuck.map(({ summary }) => summary)).toEqual([])
    expect(verdicts.map(({ summary }) => summary).join('\n')).not.toContain('deadlock')
  })

  it('with two ways in, taken in both orders, are a deadlock', async () => {
    const [first] = await verdictsOfProgram(node, TWO_WAYS, ['crossed'])
    expect(first).toMatchObject({ kind: 'awaiting', cause: 'lock', confidence: 'high' })
    expect(first?.summary).toContain('deadlock')
  })

  it('whose holder waits for what never comes are held by it, and no deadlock', async () => {
    const [first] = await verdictsOfProgram(node, TWO_WAYS, ['kept'])
    expect(first).toMatchObject({ kind: 'awaiting', cause: 'lock', confidence: 'medium' })
    expect(first?.summary).toContain('held by one (two-ways-in.cjs:')
  })
})
