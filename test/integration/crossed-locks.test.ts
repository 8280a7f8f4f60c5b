/** Locks that people make by hand: two that are taken in opposite orders are a deadlock, a slow holder of one is none. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const PROGRAM = path.join(PROGRAMS, 'crossed-locks.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')
const lineOf = (mark: string): number => LINES.findIndex((line) => line.includes(`// @${mark}`)) + 1

describe.each(NODES)('locks of one table, on Node $major', (node) => {
  it.each(['held', 'tail'])('that wait for each other are a deadlock of those who took them: %s', async (kind) => {
    const [first, second] = await verdictsOfProgram(node, PROGRAM, [kind])
    const places = [lineOf('first'), lineOf('second')]
    for (const verdict of [first, second]) {
      expect(verdict).toMatchObject({ kind: 'awaiting', cause: 'lock', confidence: 'high' })
      for (const line of places) expect(verdict?.summary).toContain(`crossed-locks.cjs:${line}`)
      expect(verdict?.summary).toContain('deadlock')
    }
    expect(new Set([first?.where?.line, second?.where?.line])).toEqual(new Set(places))
  })

  it('that wait for each other in queues may be one, and whose it is can be seen', async () => {
    const [first] = await verdictsOfProgram(node, PROGRAM, ['queue'])
    expect(first).toMatchObject({ kind: 'awaiting', cause: 'lock', confidence: 'medium' })
    expect(first?.summary).toContain('deadlock')
    const lines = [first?.where, ...(first?.chain ?? [])].map((each) => each?.line)
    expect(lines.some((line) => line === lineOf('first') || line === lineOf('second'))).toBe(true)
  })

  it.each(['held-slow', 'tail-slow'])('whose holder is only slow are none: %s', async (kind) => {
    const verdicts = await verdictsOfProgram(node, PROGRAM, [kind])
    expect(verdicts.filter(({ summary }) => summary.includes('deadlock'))).toEqual([])
    expect(verdicts[0]).toMatchObject({ cause: 'timer', where: { line: lineOf('slow') } })
  })
})
