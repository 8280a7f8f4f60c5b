/** What waits for a batch that is under way waits for what the batch's function does: nobody holds a lock. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const PROGRAM = path.join(PROGRAMS, 'batches.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')
const at = (mark: string): string => `batches.cjs:${LINES.findIndex((line) => line.includes(`// @${mark}`)) + 1}`

const verdictsOf = (node: NodeBinary, kind: string) => verdictsOfProgram(node, PROGRAM, [kind, FOLDER])

describe.each(NODES)('a batch on Node $major', (node) => {
  it.each([
    ['http', 'http-response', 'waits for the answer to GET http://127.0.0.1:'],
    ['emitter', 'unknown', `waits for event loaded of EventEmitter, through batchUsers ${at('listens')}`],
  ])('waits for what its function waits for: %s', async (kind, cause, words) => {
    const verdicts = await verdictsOf(node, kind)
    expect(verdicts.filter(({ cause: other }) => other === 'lock')).toEqual([])
    const said = verdicts.find((each) => each.cause === cause && each.where?.function === 'userOf')
    expect(said?.summary).toContain(`userOf (${at('loads')}) (2 times) ${words}`)
  })

  it('is none where turns are given back one by one', async () => {
    const verdicts = await verdictsOf(node, 'turns')
    const said = verdicts.find(({ cause }) => cause === 'lock')
    expect(said?.summary).toContain('Turns.#waiting')
    expect(said?.summary).toContain('held by')
  })
})
