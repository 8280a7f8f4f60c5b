/** A thread that waits for a CPU has not stood still: it is some other program that keeps it from running. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { watchStandstill } from '../../src/platform/procfs/standstill.js'

async function withProgram<T>(code: string, look: (pid: number) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    return await look(child.pid ?? 0)
  } finally {
    child.kill('SIGKILL')
  }
}

describe('a thread stands still', () => {
  it('while it sleeps', async () => {
    await withProgram('console.log(1); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)', async (pid) => {
      await delay(200)
      const hasStoodStill = watchStandstill(`/proc/${pid}`, pid)
      await delay(30)
      expect(hasStoodStill()).toBe(true)
    })
  })

  it('never while it is ready to run, whoever keeps the CPU from it', async () => {
    await withProgram('console.log(1); for (;;);', async (pid) => {
      const answers = new Set<boolean>()
      // Looks with no time between them: in most it did not get on a CPU, or off it.
      for (let count = 0; count < 200; count++) answers.add(watchStandstill(`/proc/${pid}`, pid)())
      expect([...answers]).toEqual([false])
    })
  })
})
