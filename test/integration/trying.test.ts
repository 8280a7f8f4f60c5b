/** Who tries the same again and again, and fails, is not told as one that gets on; who gets on is told as before. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const PROGRAM = path.join(PROGRAMS, 'trying.cjs')
const PLACES = readFileSync(PROGRAM, 'utf8')
  .split('\n')
  .flatMap((line, i) => (line.includes('// @tries') ? [i + 1] : []))

const verdictsOf = (node: NodeBinary, kind: string) => verdictsOfProgram(node, PROGRAM, [kind, FOLDER])

describe.each(NODES)('a loop that tries again, on Node $major', (node) => {
  it.each(['hand', 'last', 'helper', 'counted', 'p-retry', 'retry'])(
    'is no progress where all fails: %s',
    async (kind) => {
      const [first] = await verdictsOf(node, kind)
      expect(first).toMatchObject({ kind: 'idle', confidence: 'low' })
      expect(first?.summary).toMatch(/tries again after an error/)
      if (kind === 'counted') expect(first?.summary).toMatch(/attempt \d+, next in/)
      else if (kind !== 'last' && kind !== 'helper')
        expect(first?.summary).toContain('last error ECONNREFUSED 127.0.0.1:2')
      expect(PLACES).toContain(first?.where?.line)
    },
  )

  it('is a weak sign at most where answers come that say no', async () => {
    const [first] = await verdictsOf(node, 'no')
    expect(first?.confidence).toBe('low')
    expect(first?.summary).toMatch(/no \(trying\.cjs:\d+\) tries again after an error/)
  })

  it('is none where a callback of a timer counts something else', async () => {
    const [first] = await verdictsOf(node, 'pages')
    expect(first?.summary).not.toContain('tries again')
  })

  it.each(['yes', 'fallback'])('that gets on is told as before: %s', async (kind) => {
    const [first] = await verdictsOf(node, kind)
    expect(first).toMatchObject({ kind: 'beating', confidence: 'medium' })
    expect(first?.summary).not.toContain('tries again')
  })

  it('does not hide what gets on beside it, and is told', async () => {
    const [first] = await verdictsOf(node, 'beside')
    expect(first?.kind).toBe('beating')
    expect(first?.summary).toContain('tries again after an error')
  })
})
