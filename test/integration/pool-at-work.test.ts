/** A pool of threads that computes is at work, however long its queue; one whose calls do not return is exhausted. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS } from '../support/nodes.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const PROGRAM = path.join(PROGRAMS, 'pool-at-work.cjs')

describe.each(NODES)('a full thread pool on Node $major', (node) => {
  it('that hashes one password after the other is no stall', async () => {
    const verdicts = await verdictsOfProgram(node, PROGRAM, ['hashes'])
    expect(verdicts.filter(({ kind, confidence }) => kind === 'awaiting' && confidence !== 'low')).toEqual([])
    expect(verdicts.map(({ summary }) => summary).join('\n')).not.toMatch(/hang|makes progress:/)
  })

  it('that opens pipes nobody writes to is exhausted', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'stall-pipes-'))
    try {
      const [first] = await verdictsOfProgram(node, PROGRAM, ['pipes', folder])
      expect(first).toMatchObject({ kind: 'awaiting', cause: 'threadpool-exhausted', confidence: 'high' })
      expect(first?.summary).toContain('all 4 threads hang')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
