import { afterEach, expect, test } from 'vitest'
import { ownThreadId } from '../../../../src/platform/procfs/own-thread.js'
import { ThreadFiles } from '../../../../src/platform/procfs/thread-files.js'
import { readRanNs } from '../../../../src/platform/procfs/threads.js'

/** A thread that runs while it is asked. */
const own = ownThreadId() ?? process.pid
const opened: ThreadFiles[] = []

function open(tid: number): ThreadFiles {
  const files = new ThreadFiles('/proc/self', tid)
  opened.push(files)
  return files
}

afterEach(() => {
  for (const files of opened.splice(0)) files.dispose()
})

test('reads the time on a CPU anew each time, as whoever opens the file does', () => {
  const files = open(own)
  const before = files.ranNs() ?? 0
  let last = before
  for (let tries = 0; last <= before && tries < 1_000_000; tries++) last = files.ranNs() ?? 0
  expect(last).toBeGreaterThan(before)
  expect(readRanNs('/proc/self', own) ?? 0).toBeGreaterThanOrEqual(last)
})

test('gives null for a thread that there is not, also the second time', () => {
  const files = open(2 ** 22 + 1)
  expect([files.ranNs(), files.syscall(), files.ranNs()]).toEqual([null, null, null])
})

test('can be asked after it was closed', () => {
  const files = open(own)
  files.ranNs()
  files.dispose()
  expect(files.ranNs()).not.toBeNull()
})
