/** A thread that is handed job after job does not come back to its loop, and is not stuck: its answers wake the main thread. */
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const PROGRAM = path.join(PROGRAMS, 'thread-jobs.cjs')

// Each program computes for twenty seconds first.
describe.each(NODES)('a thread that has not come back to its loop for long, on Node $major', (node) => {
  it('is no stall while its answers wake the main thread', async () => {
    const [first] = await verdictsOfProgram(node, PROGRAM, ['queued'])
    expect(first).toMatchObject({ cause: 'thread-message', confidence: 'low', where: { function: 'print' } })
    expect(first?.summary).toContain('which runs render (thread-jobs.cjs:')
    expect(first?.summary).not.toContain('stuck')
  })

  it('is stuck when it sleeps, whoever wakes the main thread', async () => {
    const [first] = await verdictsOfProgram(node, PROGRAM, ['asleep'])
    expect(first).toMatchObject({ cause: 'thread-message', where: { function: 'print' } })
    expect(first?.confidence).not.toBe('low')
    expect(first?.summary).toMatch(/which is stuck: sleep \(thread-jobs\.cjs:\d+\) \(blocked-in-native\/futex\)/)
  })
})
