import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Capturer } from '../../../src/capture/capturer.js'
import { debuggerCapturer } from '../../../src/capture/debugger-capturer.js'
import { heapCapturer } from '../../../src/capture/heap-capturer.js'
import { poolCapturer } from '../../../src/capture/pool-capturer.js'
import { runCapturer } from '../../../src/capture/run-capturer.js'
import { CaptureSession } from '../../../src/capture/session.js'
import { starvationCapturer } from '../../../src/capture/starvation-capturer.js'
import { mainLoopState } from '../../../src/native/main-loop-state.js'
import { createRedactor } from '../../../src/redact/redactor.js'
import { NODES, PROGRAMS, type NodeBinary } from '../../support/nodes.js'
import { startProgram, type Program } from '../../support/program.js'

const TARGET = path.join(PROGRAMS, 'native/target.cjs')
const folder = mkdtempSync(path.join(tmpdir(), 'native-'))
const fifo = path.join(folder, 'fifo')
execFileSync('mkfifo', [fifo])
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const source = readFileSync(TARGET, 'utf8').split('\n')
const lineOf = (text: string): number => source.findIndex((line) => line.includes(text)) + 1

async function captured<E>(capturer: Capturer<E>, pid: number): Promise<E> {
  const outcome = await runCapturer(
    capturer,
    new CaptureSession(
      { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false },
      { locals: false, redactor: createRedactor() },
    ),
    { deadlineMs: performance.now() + 15_000 },
  )
  if (outcome.status !== 'captured') throw new Error(`${capturer.name}: ${JSON.stringify(outcome)}`)
  expect(outcome.pausedMs).toBe(0)
  return outcome.evidence
}

async function withProgram<T>(
  node: NodeBinary,
  args: readonly string[],
  look: (program: Program) => Promise<T>,
  flags: readonly string[] = [],
): Promise<T> {
  const program = await startProgram(node, TARGET, args, flags)
  try {
    return await look(program)
  } finally {
    await program.end()
  }
}

describe.each(NODES)('on Node $version', (node) => {
  it.each([
    ['microtasks', 'microtasks'],
    ['promises', 'microtasks'],
    ['ticks', 'next-tick'],
    ['both', 'both'],
    ['immediates', 'none'],
    ['stuck', 'none'],
    ['idle', 'none'],
    ['turning', 'none'],
  ])('a main thread busy with %s is starved by %s', async (mode, starvation) => {
    await withProgram(node, [mode], async ({ pid }) => {
      expect(await captured(starvationCapturer, pid)).toBe(starvation)
    })
  })

  it('reads the heap figures that the process itself reports', async () => {
    await withProgram(
      node,
      ['heap', '0.6'],
      async (program) => {
        await program.line((line) => Number(line['used']) > 50e6)
        const heap = await captured(heapCapturer, program.pid)
        const said = await program.line((line) => 'used' in line)
        expect(heap.limitBytes).toBe(200 * 1024 * 1024)
        // The program also counts its young generation, and goes on allocating.
        expect(heap.committedBytes).toBeGreaterThan(Number(said['used']) * 0.5)
        expect(heap.committedBytes).toBeLessThan(Number(said['total']) * 1.1)
        // What is in use of the old generation; the process counts the young one, too, and was asked at another moment.
        expect(heap.usedBytes).toBeGreaterThan(Number(said['used']) * 0.5)
        expect(heap.usedBytes).toBeLessThanOrEqual(Number(heap.committedBytes))
        expect(heap.collections).toBeGreaterThan(0)
        if (node.major < 26) {
          expect(heap.externalBytes).toBeGreaterThan(Number(said['external']) * 0.7)
          expect(heap.externalBytes).toBeLessThan(Number(said['external']) * 1.3)
        }
        expect(heap.collectingShare).not.toBeNull()
      },
      ['--max-old-space-size=200'],
    )
  })

  it('sees a main thread that a debugger session holds, and none where there is none', async () => {
    await withProgram(node, ['paused'], async (program) => {
      if (!program.lines.some((line) => line['paused'])) await program.line((line) => line['paused'] === true)
      // It says so before it is: a process that is held can't say anything.
      await expect.poll(() => captured(debuggerCapturer, program.pid), { timeout: 20_000 }).toBe('paused')
    })
    await withProgram(node, ['sync'], async ({ pid }) => {
      expect(await captured(debuggerCapturer, pid)).toBe('none')
      const stuckMs = (): number => {
        const answer = mainLoopState(pid)
        return 'loop' in answer ? (answer.loop.stuckMs ?? 0) : 0
      }
      await expect.poll(stuckMs, { timeout: 20_000 }).toBeGreaterThan(0)
    })
  })

  it('tells who waits for the pool', async () => {
    await withProgram(node, ['fifos', fifo], async ({ pid }) => {
      const pool = await captured(poolCapturer, pid)
      expect(pool.running.map((work) => [work.what, work.askedByTid])).toEqual(
        Array.from({ length: 4 }, () => [fifo, pid]),
      )
      const askedBy = pool.queued.map(({ kind, queuedBy }) => [
        kind,
        queuedBy?.function,
        queuedBy?.file,
        queuedBy?.line,
      ])
      expect(askedBy).toEqual([
        ['fs', 'wantsStat', TARGET, lineOf('await promises.stat')],
        [node.major < 26 ? 'fs' : 'ReadFileJob', 'onPasswd', TARGET, lineOf('function onPasswd')],
        ['PBKDF2Job', 'onKey', TARGET, lineOf('function onKey')],
        ['ZlibStream', 'onZip', TARGET, lineOf('function onZip')],
        ['getaddrinfo', 'onAddress', TARGET, lineOf('function onAddress')],
        ['getaddrinfo', 'wantsAddress', TARGET, lineOf("promises.lookup('api")],
      ])
      // Nobody awaits those but node's own code, and that is not who asked.
      expect(pool.running.map((work) => work.queuedBy)).toEqual([undefined, undefined, undefined, undefined])
      expect(JSON.parse(JSON.stringify(pool))).toEqual(pool)
    })
  })
})

describe('the main loop of a process that is none of ours', () => {
  it('is an explanation with its code', () => {
    expect(mainLoopState(999_999_999)).toMatchObject({ error: { code: 'ERR_STALL_NO_SUCH_PROCESS' } })
  })
})
