import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { readDescriptor } from '../../../../src/platform/procfs/descriptors.js'
import { findPipeHolders } from '../../../../src/platform/procfs/pipes.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'stall-pipes-'))
const children: ChildProcess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(folder, { recursive: true, force: true })
})

test('names the process that holds the writing end of a FIFO', async () => {
  const fifo = path.join(folder, 'orders.fifo')
  execFileSync('mkfifo', [fifo])
  // Opened for both first, so that neither end waits for the other.
  const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  const child = spawn('/bin/sh', ['-c', 'exec 3>"$0"; exec sleep 30 >&3 3>&-', fifo], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  // Its own stdout closes when the shell has become `sleep`, which has the FIFO for its stdout.
  if (child.stdout === null) throw new Error('no stdout')
  child.stdout.resume()
  await once(child.stdout, 'end')
  const found = findPipeHolders({ target: fifo, pid: process.pid, fd, budgetMs: 5_000 })
  closeSync(fd)
  expect(found.complete).toBe(true)
  expect(found.holders).toEqual([{ pid: child.pid, command: 'sleep 30', direction: 'write' }])
})

test('finds nobody when the other end of a pipe is closed, and does not list its own side', () => {
  const fifo = path.join(os.tmpdir(), `stall-lonely-${process.pid}.fifo`)
  execFileSync('mkfifo', [fifo])
  const fd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  const second = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  const found = findPipeHolders({
    target: readDescriptor('/proc/self', fd) ?? '',
    pid: process.pid,
    fd,
    budgetMs: 5_000,
  })
  closeSync(fd)
  closeSync(second)
  rmSync(fifo)
  expect(found.holders).toEqual([])
})
