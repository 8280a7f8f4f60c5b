import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { endOf } from '../../../src/investigate/end-of-target.js'
import { readStat } from '../../../src/platform/procfs/stat.js'

const HERE = { pid: process.pid, procRoot: `/proc/${process.pid}`, inside: false }

describe.runIf(process.platform === 'linux')('endOf', () => {
  test('is null while the process is there', () => {
    expect(endOf({ ...HERE, startTicks: readStat(HERE.procRoot).startTicks })).toBeNull()
    expect(endOf({ ...HERE, startTicks: null })).toBeNull()
  })

  test('knows a process that is not there, and another one with its pid', () => {
    const gone = endOf({ pid: 999_999_999, procRoot: '/proc/999999999', inside: false, startTicks: 1 })
    expect(gone).toMatchObject({
      code: 'ERR_STALL_NO_SUCH_PROCESS',
      message: 'process 999999999 ended while it was looked at',
    })
    expect(endOf({ ...HERE, startTicks: readStat(HERE.procRoot).startTicks - 1 })?.code).toBe(gone?.code)
  })

  test('takes one for ended that its parent has not collected', async () => {
    // What the shell becomes knows nothing of the child that it began, and collects nobody.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.1 & exec sleep 20'], { stdio: 'ignore' })
    try {
      const child = await vi.waitFor(() => {
        const [pid = ''] = readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').split(' ')
        expect(readStat(`/proc/${pid}`).state).toBe('Z')
        return Number(pid)
      }, 10_000)
      const procRoot = `/proc/${child}`
      const { startTicks } = readStat(procRoot)
      expect(endOf({ pid: child, procRoot, inside: false, startTicks })?.message).toContain('ended while')
    } finally {
      parent.kill('SIGKILL')
    }
  })
})
