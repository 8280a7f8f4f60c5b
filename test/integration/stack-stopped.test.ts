/**
 * `--stop`: the exact stack of JavaScript that runs, and a process that goes on as if nothing had been. Refused for a
 * terminal's foreground job; and a reader that dies in the middle leaves nothing stopped.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openMemoryTarget } from '../../src/capture/memory-target.js'
import { readStacks, type StacksRead } from '../../src/capture/stacks-capturer.js'
import { readStat } from '../../src/platform/procfs/stat.js'
import type { DumpJson } from '../../src/report/dump-json.js'
import { runCli } from '../support/cli.js'
import { NODES, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { scriptLines, startTruth, type TruthProcess } from '../support/truth.js'

const folder = mkdtempSync(path.join(tmpdir(), 'stopped-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const hasScript = spawnSync('script', ['--version'], { stdio: 'ignore' }).status === 0
const STOPPED_TARGET = path.join(PROJECT_ROOT, 'build/capture/stopped-target.js')

interface Counting extends TruthProcess {
  /** Lets it come to its end, and says what it has counted. */
  finish(): Promise<{ readonly sum: number; readonly steps: number }>
}

let started = 0

async function startCounting(node: NodeBinary): Promise<Counting> {
  const file = path.join(folder, `end-${++started}`)
  const environment = { TRUTH_END: file }
  const truth = await startTruth(node, { program: 'truth-minified.cjs', blocker: 'count', environment })
  const exited = once(truth.child, 'exit')
  const finish = async (): Promise<{ sum: number; steps: number }> => {
    writeFileSync(file, '')
    await exited
    return JSON.parse(readFileSync(file, 'utf8')) as { sum: number; steps: number }
  }
  return { ...truth, finish }
}

function lookStopped(pid: number): StacksRead {
  const target = { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }
  const memory = openMemoryTarget(target)
  try {
    return readStacks(memory, { target, deadlineMs: performance.now() + 10_000, stop: true })
  } finally {
    memory.dispose()
  }
}

/** Until it was really stopped for a look: in a look at its file, or at its start, it need not be. */
async function lookUntilStopped(pid: number): Promise<StacksRead> {
  const untilMs = performance.now() + 30_000
  for (;;) {
    const read = lookStopped(pid)
    if (read.pausedMs > 0 && read.stacks[0]?.frames[0]?.function === 'count') return read
    if (performance.now() > untilMs) throw new Error(`never stopped in count: ${JSON.stringify(read.stacks[0])}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function untilState(pid: number, wanted: (state: string) => boolean): Promise<string> {
  const untilMs = performance.now() + 15_000
  for (;;) {
    const { state } = readStat(`/proc/${pid}`)
    if (wanted(state) || performance.now() > untilMs) return state
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function expectGoesOn(counted: { readonly sum: number; readonly steps: number }): void {
  expect(counted.steps).toBeGreaterThan(0)
  expect(counted.sum).toBe(Number(BigInt.asIntN(32, BigInt(counted.steps) * 3n)))
}

/** Kills the reader while its target stands still; only the guard is left to continue it. */
async function killReaderInTheMiddle(pid: number): Promise<void> {
  const source = `require(process.argv[1]).whileStopped(${pid}, ${pid}, () => {
    require('node:fs').writeSync(1, 'stopped')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  })`
  const reader = spawn(process.execPath, ['-e', source, STOPPED_TARGET], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(reader.stdout, 'data')
    expect(await untilState(pid, (state) => state === 'T')).toBe('T')
  } finally {
    reader.kill('SIGKILL')
    await once(reader, 'exit')
  }
}

/** The program as the foreground job of a terminal of its own. */
async function startAtTerminal(node: NodeBinary): Promise<{ terminal: ChildProcess; pid: number; version: string }> {
  const command = `'${node.path}' -e 'console.log("pid", process.pid, process.version); for (;;);'`
  const terminal = spawn('script', ['-qfec', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], SHELL: '/bin/sh' },
  })
  let said = ''
  for await (const chunk of terminal.stdout) {
    said += String(chunk)
    const found = /pid (\d+) (v[\d.]+)/.exec(said)
    if (found) return { terminal, pid: Number(found[1]), version: found[2] ?? '' }
  }
  throw new Error(`no process at the terminal: ${said}`)
}

/** The same by the command. */
async function dumpUntilStopped(pid: number): Promise<DumpJson> {
  for (let attempt = 1; ; attempt++) {
    const args = ['dump', String(pid), '--stop', '--json', '--samples', '1', '--engine', 'memory']
    const { code, stdout, stderr } = await runCli(args)
    expect(code, stderr).toBe(0)
    const dump = JSON.parse(stdout) as DumpJson
    if (dump.cost.pausedMs > 0) return dump
    expect(attempt, stdout).toBeLessThan(10)
  }
}

describe.each(NODES)('Node $version', (node) => {
  it('gives the exact stack of running JavaScript with --stop, and the process goes on', async () => {
    const program = await startCounting(node)
    try {
      expect(program.version).toBe(node.version)
      const { stacks, pausedMs } = await lookUntilStopped(program.pid)
      expect(pausedMs).toBeGreaterThan(0)
      const frames = stacks[0]?.frames ?? []
      expect(frames.slice(1).filter((frame) => frame.probable === true)).toEqual([])
      expect(scriptLines(frames)).toEqual(scriptLines(program.truths[0] ?? []))
      expect(await untilState(program.pid, (state) => state === 'R')).toBe('R')
      expectGoesOn(await program.finish())
    } finally {
      await program.end()
    }
  })

  it('says what dump --stop has cost', async () => {
    const program = await startCounting(node)
    try {
      await lookUntilStopped(program.pid)
      const { cost, threads } = await dumpUntilStopped(program.pid)
      expect(cost).toMatchObject({ memoryBytes: 0, endedOnAttach: false })
      expect(cost.cpuMs).toBeGreaterThan(0)
      // Now and then it looks for the file that ends it.
      expect(threads[0]?.frames.map((frame) => frame.function)).toContain('count')
      expectGoesOn(await program.finish())
    } finally {
      await program.end()
    }
  })

  it('leaves the process running when the reader is killed while it is stopped', async () => {
    const program = await startCounting(node)
    try {
      await lookUntilStopped(program.pid)
      await killReaderInTheMiddle(program.pid)
      expect(await untilState(program.pid, (state) => state !== 'T')).not.toBe('T')
      expectGoesOn(await program.finish())
    } finally {
      await program.end()
    }
  })

  it.skipIf(!hasScript)('refuses --stop for the foreground job of a terminal (needs script)', async () => {
    const { terminal, pid, version } = await startAtTerminal(node)
    try {
      expect(version).toBe(node.version)
      const { code, stdout, stderr } = await runCli(['dump', String(pid), '--stop'])
      expect(code, stderr).toBe(64)
      expect(stderr).toContain('foreground job of a terminal')
      expect(stdout).toBe('')
      expect(readStat(`/proc/${pid}`).state).not.toBe('T')
    } finally {
      process.kill(pid, 'SIGKILL')
      terminal.kill('SIGKILL')
    }
  })
})
