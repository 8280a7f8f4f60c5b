import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CaptureOutcome } from '../../../src/model/outcome.js'
import type { ProfileSummary, StackSamples } from '../../../src/model/samples.js'
import { NODES, PROGRAMS, type NodeBinary } from '../../support/nodes.js'
import { type Line, startProgram } from '../../support/program.js'

const TARGET = path.join(PROGRAMS, 'capture/inside.cjs')

interface Captured {
  readonly samples: CaptureOutcome<StackSamples>
  readonly profile: CaptureOutcome<{ summary: ProfileSummary }> | { readonly status: 'not tried' }
  /** What the main thread said when its wedge was over. */
  readonly after: Line
}

async function capture(node: NodeBinary, kind: string): Promise<Captured> {
  const program = await startProgram(node, TARGET, [kind])
  try {
    const [said, after] = await Promise.all([
      program.line((line) => 'samples' in line, 40_000),
      program.line((line) => 'wedge' in line, 40_000),
    ])
    return { ...(said as unknown as Captured), after }
  } finally {
    await program.end()
  }
}

function framesOf(captured: Captured): StackSamples['samples'][number]['frames'] {
  if (captured.samples.status !== 'captured') throw new Error(JSON.stringify(captured.samples))
  return captured.samples.evidence.samples.at(-1)?.frames ?? []
}

describe.each(NODES)('the in-process inspector on Node $major', (node) => {
  it('samples a loop with its awaiting callers, profiles it, and leaves nothing attached', async () => {
    const captured = await capture(node, 'loop')
    const frames = framesOf(captured)
    expect(frames).toContainEqual(expect.objectContaining({ function: 'loop', file: TARGET, line: 40, async: false }))
    expect(frames.filter((frame) => frame.async)).toEqual([
      expect.objectContaining({ function: 'outermost', file: TARGET, line: 30, column: 3 }),
      expect.objectContaining({ file: TARGET, line: 22 }),
    ])
    expect(captured.samples).toMatchObject({ evidence: { engine: 'inspector', samples: { length: 3 } } })
    if (captured.profile.status !== 'captured') throw new Error(JSON.stringify(captured.profile))
    const { summary } = captured.profile.evidence
    expect(summary.samples).toBeGreaterThan(20)
    expect(summary.hot[0]).toMatchObject({ file: TARGET })
    // Node 24 and 26 give the time of code that was compiled before the profile to its caller: the stack samples
    // above are exact, the profile's line is not.
    expect(['busy', 'loop', 'middle']).toContain(summary.hot[0]?.function)
    expect(summary.hot[0]?.share).toBeGreaterThan(0.5)
    // The `debugger` statement did not stop it, and what the probe changed is as it was.
    expect(captured.after).toEqual({ wedge: 'over', stackTraceLimit: 10, prepare: 'function' })
  })

  it('samples a regular expression and Atomics.wait at the line that called them', async () => {
    const [regexp, atomics] = await Promise.all([capture(node, 'regexp'), capture(node, 'atomics')])
    expect(framesOf(regexp)[0]).toMatchObject({ function: 'regexp', file: TARGET, line: 43 })
    expect(framesOf(atomics)[0]).toMatchObject({ function: 'atomics', file: TARGET, line: 46 })
    expect(framesOf(atomics).some((frame) => frame.async && frame.function === 'outermost')).toBe(true)
    expect(atomics.after['wedge']).toBe('over')
  })

  it('attaches nothing where no answer can come: a child process, and a loop in which nothing runs', async () => {
    const [child, idle] = await Promise.all([capture(node, 'child'), capture(node, 'idle')])
    expect(child.samples).toMatchObject({
      status: 'unavailable',
      error: { code: 'ERR_STALL_INSPECTOR_UNAVAILABLE', message: expect.stringContaining('epoll') },
    })
    expect(idle.samples).toMatchObject({ status: 'unavailable', error: { code: 'ERR_STALL_NOTHING_RUNNING' } })
  })
})
