/** Optimized code that calls C functions without a frame between: `--stop` tells whose call it is. */
import { describe, expect, it } from 'vitest'
import { ProcessSampler } from '../../src/capture/process-sampler.js'
import { startProgram } from '../support/await-target.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'

const ENOUGH = 60

/** How often each function was innermost. */
async function innermost(node: NodeBinary, mode: string): Promise<ReadonlyMap<string, number>> {
  const program = await startProgram(node, `${PROGRAMS}/native-call.cjs`, [mode])
  const { pid } = program
  const sampler = new ProcessSampler({ pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }, true)
  try {
    const untilMs = performance.now() + 60_000
    for (let turn = 0; sampler.samples.length < ENOUGH && performance.now() < untilMs; turn++) {
      expect(sampler.take(turn)).toBe(true)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    const counts = new Map<string, number>()
    for (const { frames } of sampler.samples) {
      const name = frames[0]?.function ?? ''
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    return counts
  } finally {
    sampler.dispose()
    await program.end()
  }
}

describe.each(NODES)('Node $version', (node) => {
  it('names the function that called, not the one below it', async () => {
    const counts = await innermost(node, 'callee')
    expect(counts.get('waves') ?? 0, JSON.stringify([...counts])).toBeGreaterThan(ENOUGH / 2)
    expect(counts.get('callee') ?? 0).toBeLessThan(ENOUGH / 4)
  })

  it('names no function that has returned', async () => {
    const counts = await innermost(node, 'caller')
    expect(counts.get('caller') ?? 0, JSON.stringify([...counts])).toBeGreaterThan(ENOUGH / 2)
    expect(counts.get('waves') ?? 0).toBeLessThan(ENOUGH / 4)
  })
})
