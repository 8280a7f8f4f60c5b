import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { LookOutcomes, LookParts } from '../../../src/model/look.js'
import type { CaptureOutcome } from '../../../src/model/outcome.js'
import { NODES, PROGRAMS, PROJECT_ROOT } from '../../support/nodes.js'
import { startProgram } from '../../support/program.js'

const folder = mkdtempSync(path.join(tmpdir(), 'native-'))
const fifo = path.join(folder, 'fifo')
execFileSync('mkfifo', [fifo])
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function evidence<P extends keyof LookParts>(parts: LookOutcomes, part: P): LookParts[P] {
  const outcome: CaptureOutcome<LookParts[P]> | undefined = parts[part]
  if (outcome?.status !== 'captured') throw new Error(`${part}: ${JSON.stringify(outcome)}`)
  return outcome.evidence
}

describe.each(NODES)('inside a process on Node $version, main thread blocked and pool full', (node) => {
  it('everything native is read from /proc/self/mem, in bounded memory', async () => {
    const program = await startProgram(node, path.join(PROGRAMS, 'native/inside.cjs'), [
      path.join(PROJECT_ROOT, 'build'),
      fifo,
    ])
    await program.end()
    const parts = program.ready['parts'] as LookOutcomes
    const pool = evidence(parts, 'pool')
    expect(pool).toMatchObject({ size: 4, idle: 0 })
    expect(pool.running.map((work) => [work.operation, work.what, work.askedByTid])).toEqual(
      Array.from({ length: 4 }, () => ['open', fifo, program.pid]),
    )
    const [main] = evidence(parts, 'stacks')
    expect(main).toMatchObject({ role: 'main', tid: program.pid, withNative: true, nativeCallee: 'node::fs::Open' })
    expect(main?.frames.map((frame) => frame.function)).toContain('stuckHere')
    expect(main?.loop).toMatchObject({ polling: false })
    expect(main?.loop?.stuckMs).toBeGreaterThan(300)
    expect(evidence(parts, 'debugger')).toBe('none')
    expect(evidence(parts, 'starvation')).toBe('none')
    expect(evidence(parts, 'heap').limitBytes).toBeGreaterThan(1e8)
    // The capture thread's bound is 32 MB; garbage that was not collected yet counts here, too.
    expect(program.ready['grownBytes']).toBeLessThan(64e6)
  })
})
