/** Generators stepped by a package are told as the async functions that they stand in for. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const PROGRAM = path.join(PROGRAMS, 'coroutines.cjs')
const LINE =
  readFileSync(PROGRAM, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes('// @yields')) + 1

const firstOf = async (node: NodeBinary, library: string, kind: string) =>
  (await verdictsOfProgram(node, PROGRAM, [library, FOLDER, kind]))[0]

describe.each(NODES)('a generator that a package steps, on Node $major', (node) => {
  it.each(['bluebird', 'co'])('is told where it waits, with who waits for it: %s', async (library) => {
    const first = await firstOf(node, library, 'stuck')
    expect(first).toMatchObject({ kind: 'awaiting', where: { function: 'readOrder', line: LINE } })
    expect(first?.chain.map((frame) => frame.function)).toEqual(['readOrder', 'shipOrder'])
  })

  it.each(['bluebird', 'co'])('is none once it has ended: %s', async (library) => {
    const first = await firstOf(node, library, 'done')
    expect(first).toMatchObject({ kind: 'idle', where: null })
  })
})
