/** Collections that buffers outside the heap force, by V8's own figures, and programs that only look like that. */
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { heapCapturer } from '../../src/capture/heap-capturer.js'
import { CaptureSession } from '../../src/capture/session.js'
import { runCapturer } from '../../src/capture/run-capturer.js'
import type { HeapState } from '../../src/model/heap.js'
import type { Verdict } from '../../src/model/verdict.js'
import { createRedactor } from '../../src/redact/redactor.js'
import { startProgram } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'

const PROGRAM = path.join(PROGRAMS, 'collecting/buffers.cjs')

async function withProgram<T>(
  node: NodeBinary,
  mode: string,
  look: (pid: number, said: () => string) => Promise<T>,
  nodeArgs: readonly string[] = [],
): Promise<T> {
  let said = ''
  const target = await startProgram(node, PROGRAM, [mode], { nodeArgs, onOutput: (text) => (said += text) })
  try {
    return await look(target.pid, () => said)
  } finally {
    target.child.kill('SIGKILL')
  }
}

async function heapOf(pid: number): Promise<HeapState> {
  const target = { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }
  const session = new CaptureSession(target, { locals: false, redactor: createRedactor() })
  const outcome = await runCapturer(heapCapturer, session, { deadlineMs: performance.now() + 15_000 })
  session.dispose()
  if (outcome.status !== 'captured') throw new Error(JSON.stringify(outcome))
  return outcome.evidence
}

async function firstVerdict(pid: number): Promise<Verdict | undefined> {
  const { stdout } = await runCli(['dump', String(pid), '--json'])
  return (JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }).verdicts[0]
}

describe.each(NODES)('collections on Node $major', (node) => {
  it('are counted as V8 counts them', async () => {
    await withProgram(
      node,
      'counted',
      async (pid, said) => {
        const printed = [...said().matchAll(/average mu = ([\d.]+)/g)].at(-1)?.[1]
        expect((await heapOf(pid)).compactingShare).toBeCloseTo(1 - Number(printed), 2)
      },
      ['--trace-gc', '--expose-gc'],
    )
  })

  it('that buffers force are told as that', async () => {
    const told = await withProgram(node, 'forced', (pid) => firstVerdict(pid))
    expect(`${told?.kind}/${told?.cause}`).toBe('collecting-garbage/external-memory')
    expect(told?.where?.function).toBe('receive')
  })

  it('beside as many buffers that are only held are not what a loop is told as', async () => {
    const told = await withProgram(node, 'beside', (pid) => firstVerdict(pid))
    expect(`${told?.kind}/${told?.cause}`).toBe('computing/loop')
  })
})
