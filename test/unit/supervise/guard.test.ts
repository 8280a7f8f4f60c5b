import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test, vi } from 'vitest'
import { startGuard } from '../../../src/supervise/guard.js'

test('says that there is no shell, and goes on', async () => {
  const unavailable = vi.fn<(reason: string) => void>()
  const guard = startGuard(1, unavailable, '/no/such/shell')
  await vi.waitUntil(() => unavailable.mock.calls.length > 0, 15_000)
  expect(unavailable.mock.calls[0]?.[0]).toContain('ENOENT')
  guard.dismiss()
})

test('harms nobody when it is dismissed', async () => {
  const worker = spawn(process.execPath, ['-e', 'console.log(1); setTimeout(() => {}, 60000)'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    await once(worker.stdout, 'data')
    const unavailable = vi.fn<(reason: string) => void>()
    startGuard(worker.pid ?? 0, unavailable).dismiss()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(worker.signalCode).toBeNull()
    expect(unavailable).not.toHaveBeenCalled()
  } finally {
    worker.kill('SIGKILL')
  }
})
