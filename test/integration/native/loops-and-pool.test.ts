import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CodeMap } from '../../../src/native/process/code-map.js'
import { findLoops } from '../../../src/native/loop/find-loops.js'
import { readHandles } from '../../../src/native/loop/loop-handles.js'
import { readLoop } from '../../../src/native/loop/read-loop.js'
import { openNativeProcess, type NativeProcess } from '../../../src/native/process/native-process.js'
import { readPool, type PoolReading } from '../../../src/native/pool/read-pool.js'
import { isolatesByThread } from '../../../src/native/thread/thread-isolate.js'
import { threadPurposes } from '../../../src/native/thread/thread-roles.js'
import type { LoopState } from '../../../src/model/loop.js'
import { openLiveMemory } from '../../../src/platform/memory/live-memory.js'
import { NODES, PROGRAMS, type NodeBinary } from '../../support/nodes.js'
import { startProgram, type Program } from '../../support/program.js'

const TARGET = path.join(PROGRAMS, 'native/target.cjs')
const folder = mkdtempSync(path.join(tmpdir(), 'native-'))
const fifo = path.join(folder, 'fifo')
execFileSync('mkfifo', [fifo])
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function observed<T>(
  node: NodeBinary,
  args: readonly string[],
  look: (native: NativeProcess, program: Program) => T | Promise<T>,
): Promise<T> {
  const program = await startProgram(node, TARGET, args)
  const memory = openLiveMemory(`/proc/${program.pid}`)
  try {
    const native = openNativeProcess(`/proc/${program.pid}`, memory)
    try {
      return await look(native, program)
    } finally {
      native.dispose()
    }
  } finally {
    memory.dispose()
    await program.end()
  }
}

function loopOf(native: NativeProcess, tid: number): LoopState {
  native.memory.flush()
  const address = findLoops(native).get(tid)
  const loop = address === undefined ? null : readLoop(native, address, tid)
  if (!loop) throw new Error(`no loop of thread ${tid}`)
  return loop
}

function poolOf(native: NativeProcess): PoolReading {
  const answer = readPool(native)
  if ('unknown' in answer) throw new Error(answer.unknown)
  return answer.pool
}

const pause = async (ms: number): Promise<void> => await new Promise((resolve) => setTimeout(resolve, ms))

describe.each(NODES)('on Node $version', (node) => {
  it('counts the turns of a loop as the process itself does', async () => {
    await observed(node, ['turning'], async (native, program) => {
      const before = await program.line((line) => 'turns' in line)
      const read = loopOf(native, program.pid)
      // A line that is still in the pipe may be older than what was read: only the second one is surely younger.
      await program.line((line) => 'turns' in line)
      const after = await program.line((line) => 'turns' in line)
      expect(read.stuckMs ?? 0).toBeLessThan(2000)
      if (before['turns'] !== null) {
        expect(read.turns).toBeGreaterThanOrEqual(Number(before['turns']))
        expect(read.turns).toBeLessThanOrEqual(Number(after['turns']))
      }
      expect(loopOf(native, program.pid).turns).toBeGreaterThan(0)
    })
  })

  it('tells a loop that is stuck in JavaScript or under execSync from one that polls', async () => {
    await Promise.all(
      ['stuck', 'sync'].map(
        async (mode) =>
          await observed(node, [mode], async (native, program) => {
            const first = loopOf(native, program.pid)
            await pause(300)
            const second = loopOf(native, program.pid)
            expect([mode, second.polling, second.turns]).toEqual([mode, false, first.turns])
            expect(second.stuckMs).toBeGreaterThan(290)
          }),
      ),
    )
    await observed(node, ['idle'], async (native, program) => {
      await pause(150)
      const loop = loopOf(native, program.pid)
      expect(loop).toMatchObject({ polling: true, stuckMs: null })
      expect(loop.pollingMs).toBeGreaterThan(0)
      // The program's own is due in 30 s; V8's delayed tasks (8 s after a collection) are timers of the loop as well.
      expect(loop.nextTimerMs).toBeGreaterThan(0)
      expect(loop.nextTimerMs).toBeLessThan(30_001)
    })
  })

  it('lists the handles that process.report lists, with wrapper, descriptor and pid', async () => {
    await observed(node, ['handles'], (native, program) => {
      const loop = findLoops(native).get(program.pid)
      const handles = loop === undefined ? [] : readHandles(native, loop)
      const reported = (program.ready['libuv'] as { type: string; address?: string; is_active: boolean }[]).filter(
        (handle) => handle.address !== undefined && Number(handle.address) > 0 && handle.type !== 'loop',
      )
      const read = new Map(handles.map((handle) => [handle.address as number, handle]))
      for (const handle of reported) {
        const known = read.get(Number(handle.address))
        expect([handle.address, known?.type]).toEqual([handle.address, handle.type.replace('_', '-')])
      }
      expect(handles.find((handle) => handle.type === 'process')).toMatchObject({
        wrapper: 'ProcessWrap',
        pid: program.ready['child'],
        active: true,
      })
      expect(handles.find((handle) => handle.type === 'tcp')).toMatchObject({ wrapper: 'TCPWrap', queuedBytes: 0 })
      expect(handles.find((handle) => handle.type === 'tcp')?.fd).toBeGreaterThan(2)
      program.child.kill('SIGTERM')
    })
  })

  it('knows every thread by what it was started for, and which isolate it runs', async () => {
    await observed(node, ['workers'], (native, program) => {
      const { idle, busy } = program.ready['tids'] as { idle: number; busy: number }
      const code = new CodeMap(native)
      const purposes = new Map(threadPurposes(native, code).map((purpose) => [purpose.tid, purpose.role]))
      code.dispose()
      expect(native.threads().note).toBeNull()
      expect(purposes.get(program.pid)).toBe('main')
      expect([purposes.get(idle), purposes.get(busy)]).toEqual(['worker', 'worker'])
      const roles = [...purposes.values()]
      expect(roles.filter((role) => role === 'v8-platform')).toHaveLength(4)
      expect(roles.filter((role) => role === 'v8-delayed')).toHaveLength(1)
      expect(roles.filter((role) => role === 'unknown' || role === 'library')).toEqual([])

      const isolates = isolatesByThread(native)
      expect(new Set(isolates.keys())).toEqual(new Set([program.pid, idle, busy]))
      expect(new Set(isolates.values()).size).toBe(3)
      expect(loopOf(native, idle).polling).toBe(true)
      expect(loopOf(native, busy).polling).toBe(false)
      expect(loopOf(native, busy).stuckMs).toBeGreaterThan(100)
    })
  })

  it('shows what each pool thread runs and what waits behind, with path, host name and class', async () => {
    await observed(node, ['fifos', fifo], (native) => {
      const pool = poolOf(native)
      expect(pool).toMatchObject({ size: 4, idle: 0, slowRunning: 0, slowLimit: 2 })
      expect(pool.running.map((work) => [work.kind, work.operation, work.what])).toEqual(
        Array.from({ length: 4 }, () => ['fs', 'open', fifo]),
      )
      expect(new Set(pool.running.map((work) => work.tid)).size).toBe(4)
      for (const work of pool.running) expect(work.syscall).toMatch(/^openat\(/)
      const queued = pool.queued.map((work) => [work.kind, work.operation ?? null, work.what])
      expect(queued).toContainEqual(['fs', 'stat', '/etc/hostname'])
      expect(queued).toContainEqual(['getaddrinfo', null, 'db.example.invalid'])
      expect(queued).toContainEqual(['PBKDF2Job', null, null])
      expect(queued).toContainEqual(['ZlibStream', null, null])
      // Node 26 reads files in one job that does not keep the path where it can be read.
      expect(queued).toContainEqual(node.major < 26 ? ['fs', 'open', '/etc/passwd'] : ['ReadFileJob', null, null])
      expect(pool.queued).toHaveLength(6)
      expect(pool.queued.filter((work) => work.slow).map((work) => work.what)).toEqual([
        'db.example.invalid',
        'api.example.invalid',
      ])
    })
  })

  it('shows computing pool threads and their queue', async () => {
    await observed(node, ['hashes'], (native) => {
      const pool = poolOf(native)
      expect(pool.running.map((work) => [work.kind, work.syscall])).toEqual(
        Array.from({ length: 4 }, () => ['PBKDF2Job', 'running']),
      )
      expect(pool.queued.map((work) => work.kind)).toEqual(['PBKDF2Job', 'PBKDF2Job'])
    })
  })
})
