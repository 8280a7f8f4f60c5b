/** Threads that come and go while a process is sampled. */
import { describe, expect, it } from 'vitest'
import { ProcessSampler } from '../../src/capture/process-sampler.js'
import { startProgram } from '../support/await-target.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

async function takeUntil(sampler: ProcessSampler, startedMs: number, done: () => boolean): Promise<void> {
  const untilMs = performance.now() + 60_000
  while (!done() && performance.now() < untilMs) {
    expect(sampler.take(performance.now() - startedMs)).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe.each(NODES)('Node $version', (node) => {
  it.each([[false], [true]])(
    'samples a worker thread from its start to its end, and no thread of the pool (stop: %s)',
    async (stop) => {
      const program = await startProgram(node, `${PROGRAMS}/late-worker.cjs`)
      const { pid } = program
      const sampler = new ProcessSampler({ pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }, stop)
      try {
        const startedMs = performance.now()
        expect(sampler.take(0)).toBe(true)
        expect(sampler.tids).toEqual([pid])
        process.kill(pid, 'SIGUSR2')
        const isSeen = (): boolean => {
          const [late] = sampler.workers
          return late?.samples.some(({ frames }) => frames.some((each) => each.function === 'lateLoop')) ?? false
        }
        await takeUntil(sampler, startedMs, isSeen)
        expect(sampler.workers).toHaveLength(1)
        expect(isSeen()).toBe(true)
        expect(sampler.tids).toEqual([pid, sampler.workers[0]?.tid])
        process.kill(pid, 'SIGUSR2')
        await takeUntil(sampler, startedMs, () => sampler.tids.length === 1)
        expect(sampler.tids).toEqual([pid])
        const taken = sampler.workers[0]?.samples.length
        expect(sampler.take(performance.now() - startedMs)).toBe(true)
        expect(sampler.workers[0]?.samples).toHaveLength(taken ?? 0)
        expect(sampler.samples.some(({ frames }) => frames.some((each) => each.function === 'mainLoop'))).toBe(true)
      } finally {
        sampler.dispose()
        await program.end()
      }
    },
  )
})
