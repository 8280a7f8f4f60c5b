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
const NESTED = path.join(PROGRAMS, 'nested-limiters.cjs')
const BAKE =
  readFileSync(NESTED, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes('// @bake')) + 1

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

  it.each(['p-limit', 'p-queue', 'fastq', 'async', 'bottleneck'])(
    'that is used inside itself is a deadlock with itself, and none where the slots are enough: %s',
    async (kind) => {
      const [first] = await verdictsOfProgram(node, NESTED, [kind, FOLDER])
      expect(first).toMatchObject({ kind: 'awaiting', cause: 'lock' })
      expect(first?.summary).toContain(`in a deadlock with itself: bake (nested-limiters.cjs:${BAKE}) holds a turn`)
      const flat = await verdictsOfProgram(node, NESTED, [`${kind}-flat`, FOLDER])
      expect(flat.filter(({ summary }) => summary.includes('deadlock'))).toEqual([])
      expect(flat[0]?.kind === 'awaiting' && flat[0].confidence !== 'low' ? flat[0].summary : null).toBe(null)
    },
  )
})
