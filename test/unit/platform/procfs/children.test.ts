import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import { readChild } from '../../../../src/platform/procfs/children.js'

type Child = ReturnType<typeof readChild>

const children: ChildProcess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

/**
 * Asks until the child has got where it stays, which is one of its own pipes: before, it is a copy of this process that
 * has not become another program yet, and then its loader reads.
 */
async function blockedChild(child: ChildProcess, field: 'reading' | 'writing', fd: number): Promise<Child> {
  children.push(child)
  return await vi.waitFor(
    () => {
      const found = readChild(child.pid ?? 0)
      expect(found?.[field]?.fd).toBe(fd)
      return found
    },
    { timeout: 15_000, interval: 10 },
  )
}

test('a child that reads a stdin which nobody ends is told, with our end of it', async () => {
  const child = await blockedChild(spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] }), 'reading', 0)
  expect(child?.reading?.ours).toHaveLength(1)
  expect(child?.writing).toBeUndefined()
})

test('a child that writes what nobody reads is told, and reads nothing', async () => {
  const child = await blockedChild(spawn('yes', { stdio: ['ignore', 'pipe', 'ignore'] }), 'writing', 1)
  expect(child?.reading).toBeUndefined()
})
