/** A lock by callbacks whose task hands on an inner task of the same key: nobody is suspended who holds it, and it waits for itself. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const PROGRAM = path.join(PROGRAMS, 'own-turn.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')
const lineOf = (mark: string) => LINES.findIndex((line) => line.includes(`// @${mark}`)) + 1

describe.each(NODES)('a task handed on under a lock, on Node $major', (node) => {
  it('is a deadlock with itself where the key is the same', async () => {
    const [first] = await verdictsOfProgram(node, PROGRAM, [FOLDER, 'own'])
    expect(first).toMatchObject({ cause: 'lock', where: { function: 'transfer', line: lineOf('transfers') } })
    expect(first?.confidence).not.toBe('low')
    expect(first?.summary).toContain('in a deadlock with itself')
  })

  it.each(['other', 'slow'])('is none where another one holds it: %s', async (kind) => {
    const verdicts = await verdictsOfProgram(node, PROGRAM, [FOLDER, kind])
    expect(verdicts.length).toBeGreaterThan(0)
    expect(verdicts.filter(({ summary }) => /used inside itself|deadlock/.test(summary))).toEqual([])
  })
})
