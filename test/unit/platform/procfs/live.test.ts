import { spawn } from 'node:child_process'
import { afterAll, expect, test } from 'vitest'
import { readChildren } from '../../../../src/platform/procfs/children.js'
import { listDescriptors } from '../../../../src/platform/procfs/descriptors.js'
import { readMaps } from '../../../../src/platform/procfs/maps.js'
import {
  ageMsOf,
  readCommandLine,
  readEnvironment,
  readExecutable,
  startTimeOf,
} from '../../../../src/platform/procfs/process.js'
import { readProcText } from '../../../../src/platform/procfs/read.js'
import { readStat } from '../../../../src/platform/procfs/stat.js'
import { readStatus } from '../../../../src/platform/procfs/status.js'
import { ownThreadId } from '../../../../src/platform/procfs/own-thread.js'
import { mainThreadId, readThreads } from '../../../../src/platform/procfs/threads.js'

const child = spawn('sleep', ['61'], { stdio: 'ignore', env: { MARK: 'a=b' } })
afterAll(() => child.kill('SIGKILL'))

test.runIf(process.platform === 'linux')('reads this very process', () => {
  const stat = readStat('/proc/self')
  expect(stat.pid).toBe(process.pid)
  expect(stat.parentPid).toBe(process.ppid)
  expect(readStatus('/proc/self')).toMatchObject({ uid: process.getuid?.(), processId: process.pid })
  expect(readExecutable('/proc/self')).toEqual({ path: process.execPath, deleted: false })
  expect(readMaps('/proc/self').some((mapping) => mapping.path === process.execPath && mapping.executable)).toBe(true)
  expect(listDescriptors('/proc/self').length).toBeGreaterThan(2)
  expect(mainThreadId('/proc/self')).toBe(process.pid)
  const main = readThreads('/proc/self')[0]
  expect(main).toMatchObject({ tid: process.pid, role: 'main' })
  expect(ownThreadId()).not.toBeNull()
  const startedMsAgo = Date.now() - (startTimeOf(stat.startTicks)?.getTime() ?? 0)
  expect(Math.abs(startedMsAgo - performance.now())).toBeLessThan(5000)
})

test.runIf(process.platform === 'linux')('finds a child with its command line, state and age', async () => {
  // Not at once: it is a copy of this process before it becomes another program, and then it is loaded.
  await expect
    .poll(() => readChildren('/proc/self', process.pid))
    .toContainEqual(expect.objectContaining({ pid: child.pid, command: 'sleep 61', kernelState: 'S' }))
  const root = `/proc/${child.pid}`
  expect(readCommandLine(root)).toEqual(['sleep', '61'])
  expect(readEnvironment(root)).toEqual({ MARK: 'a=b' })
  expect(ageMsOf(readStat(root).startTicks)).toBeLessThan(60_000)
})

test.runIf(process.platform === 'linux')('says which process is missing, with the right code', () => {
  expect(() => readStat('/proc/4194999')).toThrow(expect.objectContaining({ code: 'ERR_STALL_NO_SUCH_PROCESS' }))
})

test.runIf(process.platform === 'linux')('reads no more than it was told to', () => {
  expect(readProcText('/proc/self/status', 100)).toHaveLength(100)
})
