/**
 * What a capture takes of the worker's memory, since it counts in its pod: the highest resident memory while two looks
 * are taken of a main thread that is blocked in a system call, less what the process had before, and less what any
 * Worker takes that does nothing (9 to 18 MB, by the version of Node).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'
import { RunningWorker } from '../support/run-worker.js'

const MEGABYTE = 1024
/** The bound that docs/internals/memory-engine.md gives. */
const MOST = 32 * MEGABYTE
const GARBAGE = ['--require', path.join(PROGRAMS, 'make-garbage.cjs')]

function status(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** Resident kilobytes now; from here on the kernel keeps the highest. */
function startMeasuring(pid: number): number {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  return status(pid, 'VmRSS')
}

async function bareThread(node: NodeBinary): Promise<number> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bare-thread-'))
  const child = spawn(node.path, [...GARBAGE, path.join(PROGRAMS, 'bare-thread.cjs')], {
    env: { PATH: process.env['PATH'], TEST_FOLDER: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    await once(child.stdout, 'data')
    const pid = child.pid ?? 0
    const before = startMeasuring(pid)
    const up = once(child.stdout, 'data')
    child.stdin.write('\n')
    await up
    return status(pid, 'VmHWM') - before
  } finally {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

async function capture(node: NodeBinary): Promise<{ readonly grown: number; readonly story: string }> {
  const worker = new RunningWorker({
    node,
    program: 'agent-worker.cjs',
    args: ['fifo'],
    flags: GARBAGE,
    env: {
      CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '90',
      CONDUCTOR_STALL_WARN_SECONDS: '3',
      CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '3',
    },
  })
  const pid = worker.child.pid ?? 0
  try {
    await worker.says('ready\n')
    // The watch thread is to be there before, and quiet; the capture begins three seconds after the last beat.
    await sleep(1500)
    const before = startMeasuring(pid)
    await worker.says('"event":"incident"', 60_000)
    const grown = status(pid, 'VmHWM') - before
    worker.child.kill('SIGKILL')
    const { incidents, stderr } = await worker.result
    expect(incidents[0]?.verdicts[0]?.kind, stderr).toBe('blocked-in-native')
    return { grown, story: stderr }
  } finally {
    worker.child.kill('SIGKILL')
  }
}

describe.each(NODES)('on Node $major', (node) => {
  it('keeps a capture inside a blocked worker within 32 MB over what a bare thread takes', async () => {
    const bare = await bareThread(node)
    const { grown, story } = await capture(node)
    expect(bare).toBeGreaterThan(4 * MEGABYTE)
    expect(grown, story).toBeGreaterThan(bare)
    expect(grown - bare, `${grown} kB with the capture, ${bare} kB without`).toBeLessThan(MOST)
  })
})
