/** Limiters whose slot is taken: who has it, where that is known, and never a deadlock of those who only wait for it. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const PROGRAM = path.join(PROGRAMS, 'limiters.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')
const at = (mark: string): string => `limiters.cjs:${LINES.findIndex((line) => line.includes(`// @${mark}`)) + 1}`

const verdictsOf = (node: NodeBinary, kind: string) => verdictsOfProgram(node, PROGRAM, [kind, FOLDER])

describe.each(NODES)('a limiter on Node $major', (node) => {
  it.each(['bottleneck', 'local-bottleneck'])('names the task that has its slot: %s', async (kind) => {
    const verdicts = await verdictsOf(node, kind)
    const lock = verdicts.find(({ cause }) => cause === 'lock')
    expect(lock?.summary).toContain(`notify (${at(kind)})`)
    expect(lock?.summary).toContain(`held by sendMail (${at('holds')})`)
    expect(verdicts.filter(({ summary }) => summary.includes('deadlock'))).toEqual([])
  })

  it.each(['async', 'fastq'])('whose task is never called back is no deadlock of its callers: %s', async (kind) => {
    const verdicts = await verdictsOf(node, kind)
    expect(verdicts.filter(({ summary }) => summary.includes('deadlock'))).toEqual([])
    const [first] = verdicts
    expect(first).toMatchObject({ kind: 'awaiting', where: { function: 'notify' } })
    expect(first?.summary).toContain(at(kind))
  })

  it.each(['busy-bottleneck', 'busy-async', 'busy-fastq'])('that is only busy is no stall: %s', async (kind) => {
    const [first] = await verdictsOf(node, kind)
    expect(first?.kind === 'awaiting' && first.confidence !== 'low' ? first.summary : null).toBe(null)
  })
})
