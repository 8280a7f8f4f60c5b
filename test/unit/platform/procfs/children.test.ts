import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { readChild } from '../../../../src/platform/procfs/children.js'

const children: ChildProcess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

/** Asks again and again until the child has got where it stays. */
async function blockedChild(child: ChildProcess, field: 'reading' | 'writing'): Promise<ReturnType<typeof readChild>> {
  children.push(child)
  for (;;) {
    const found = readChild(child.pid ?? 0)
    if (found?.[field] !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('a child that reads a stdin which nobody ends is told, with our end of it', async () => {
  const child = await blockedChild(spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] }), 'reading')
  expect(child?.reading?.fd).toBe(0)
  expect(child?.reading?.ours).toHaveLength(1)
  expect(child?.writing).toBeUndefined()
})

test('a child that writes what nobody reads is told, and reads nothing', async () => {
  const child = await blockedChild(spawn('yes', { stdio: ['ignore', 'pipe', 'ignore'] }), 'writing')
  expect(child?.writing?.fd).toBe(1)
  expect(child?.reading).toBeUndefined()
})
