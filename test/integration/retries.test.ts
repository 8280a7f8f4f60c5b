/** What waits for the next try of a library says so, and when that comes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AwaitNode } from '../../src/model/await.js'
import type { Verdict } from '../../src/model/verdict.js'
import { startProgram } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const PROGRAM = path.join(PROGRAMS, 'retries.cjs')
const LINE =
  readFileSync(PROGRAM, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes('// @waits')) + 1

interface Dumped {
  readonly verdicts: readonly Verdict[]
  readonly awaits: readonly AwaitNode[]
}

async function dumped(node: NodeBinary, kind: string): Promise<Dumped> {
  const own = mkdtempSync(path.join(tmpdir(), 'stall-retries-'))
  const target = await startProgram(node, PROGRAM, [kind, FOLDER, own])
  try {
    const { stdout } = await runCli(['dump', String(target.pid), '--json'])
    return JSON.parse(stdout) as Dumped
  } finally {
    await target.end()
    rmSync(own, { recursive: true, force: true })
  }
}

describe.each(NODES)('a library that tries again later, on Node $major', (node) => {
  it.each(['retry', 'p-retry', 'async', 'proper-lockfile'])('has its next try named: %s', async (kind) => {
    const { awaits, verdicts } = await dumped(node, kind)
    const frames = awaits.filter(({ waitsFor }) => waitsFor?.kind === 'timer' && waitsFor.afterMs === 3_600_000)
    const lines = frames.flatMap((each) => [each, ...each.awaitedBy]).map(({ line }) => line)
    expect(lines).toContain(LINE)
    const timer = verdicts.find(({ cause }) => cause === 'timer')
    expect(timer?.summary).toMatch(/waits for a timer that is due in (?:60|59(?:\.\d)?) min/)
    expect(verdicts.filter(({ cause }) => cause === 'never-settles')).toEqual([])
  })

  it.each(['busy-retry', 'busy-async'])('that succeeds again and again is no stall: %s', async (kind) => {
    const [first] = (await dumped(node, kind)).verdicts
    expect(first?.kind === 'awaiting' && first.confidence !== 'low' ? first.summary : null).toBe(null)
  })
})
