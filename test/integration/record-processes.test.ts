/** `record` of processes that are stopped for it, that start others, end, become another program, or are stopped. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { readStat } from '../../src/platform/procfs/stat.js'
import { runCli } from '../support/cli.js'
import { CLI, NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'

const folder = mkdtempSync(path.join(tmpdir(), 'record-processes-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

async function start(node: NodeBinary, env: Record<string, string> = {}): Promise<number> {
  const child = spawn(node.path, [path.join(PROGRAMS, 'family.cjs')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

async function record(pid: number, ...args: string[]): Promise<{ text: string; closing: Closing }> {
  const file = path.join(folder, `${pid}.txt`)
  const ran = await runCli(['record', String(pid), '-f', 'collapsed', '-o', file, '--json', ...args])
  expect(ran.code, ran.stderr).toBe(0)
  return { text: readFileSync(file, 'utf8'), closing: JSON.parse(ran.stdout) as Closing }
}

/** On a crowded machine a process may have ended before the first sample: then one that lives longer is recorded. */
async function recordToItsEnd(node: NodeBinary, ends: string): Promise<Closing> {
  for (let endsMs = 2000; endsMs <= 32_000; endsMs *= 2) {
    const pid = await start(node, { ENDS: ends, ENDS_MS: String(endsMs) })
    const ran = await runCli(['record', String(pid), '-d', '600', '-o', path.join(folder, `${pid}.txt`), '--json'])
    if (ran.code === 0) return JSON.parse(ran.stdout) as Closing
  }
  throw new Error('not one sample before the end')
}

interface Closing {
  readonly samples: number
  readonly missed: number
  readonly end?: string
  readonly pausedMs?: number
  readonly stoppedMs?: number
}

describe.each(NODES)('Node $version', (node) => {
  it('stops the process for each sample with --stop, and leaves it running', async () => {
    const pid = await start(node)
    const { text, closing } = await record(pid, '--stop', '-d', '1')
    expect(closing.samples).toBeGreaterThan(0)
    expect(closing.pausedMs).toBeGreaterThan(0)
    // Those were our own.
    expect(closing.stoppedMs).toBeUndefined()
    expect(text).toContain('parentLoop')
    // Of a frame that was copied while it stood still nothing is doubtful but where it is in its own code.
    const frames = text.split('\n').flatMap((line) => line.replace(/ \d+$/, '').split(';').slice(0, -1))
    expect(frames.filter((frame) => frame.includes('(probable)'))).toEqual([])
    expect(readStat(`/proc/${pid}`).state).toMatch(/[RS]/)
  })

  it('samples what the process has started with --subprocesses, a track each', async () => {
    const pid = await start(node)
    let own: string[] = []
    let child: string[] = []
    // On a crowded machine it takes a while until the child is found and open.
    for (let seconds = 2; seconds <= 32 && child.length === 0; seconds *= 2) {
      const lines = (await record(pid, '--subprocesses', '-d', String(seconds))).text.split('\n')
      own = lines.filter((line) => line.startsWith('main_thread;'))
      child = lines.filter((line) => /^process_\d+:_\S*node\S*_\S*family\.cjs_child;/.test(line))
    }
    expect(own.join('\n')).toContain('parentLoop')
    expect(own.join('\n')).not.toContain('childLoop')
    expect(child.join('\n')).toContain('childLoop')
    expect(child.join('\n')).not.toContain('parentLoop')
  })

  it('keeps what it has of a process that ends, and says so', async () => {
    const closing = await recordToItsEnd(node, 'exit')
    expect(closing.samples).toBeGreaterThan(0)
    expect(closing.end).toBe('ended')
  })

  it.skipIf(node.major < 24)('keeps what it has of a process that becomes another program', async () => {
    const closing = await recordToItsEnd(node, 'exec')
    expect(closing.samples).toBeGreaterThan(0)
    expect(closing.end).toBe('replaced')
  })
})

it.each([[[]], [['--stop']]])('samples a process that somebody has stopped, and leaves it so (%s)', async (args) => {
  const pid = await start(NODES[0] as NodeBinary)
  process.kill(pid, 'SIGSTOP')
  const { closing } = await record(pid, '-d', '0.8', ...args)
  expect(closing.samples).toBeGreaterThan(0)
  expect(closing.stoppedMs).toBeGreaterThan(0)
  expect(readStat(`/proc/${pid}`).state).toBe('T')
})

it.each(['SIGINT', 'SIGTERM'] as const)('keeps what it has when it is ended by %s', async (signal) => {
  const pid = await start(NODES[0] as NodeBinary)
  const file = path.join(folder, `${signal}.txt`)
  for (let waitMs = 2000; waitMs <= 32_000; waitMs *= 2) {
    const recording = spawn(
      process.execPath,
      [CLI, 'record', String(pid), '-f', 'collapsed', '-o', file, '-d', '600'],
      {
        stdio: 'ignore',
      },
    )
    // Nothing tells from outside that it has begun; on a crowded machine that takes a while.
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    recording.kill(signal)
    const [code] = (await once(recording, 'exit')) as [number | null]
    if (code === 0) break
  }
  expect(readFileSync(file, 'utf8')).toContain('parentLoop')
})

it.each([
  ['--subprocesses in a cpuprofile', ['--subprocesses']],
  ['--stop by the inspector', ['--stop', '--engine', 'inspector']],
])('refuses %s', async (_what, args) => {
  const ran = await runCli(['record', String(process.pid), ...args])
  expect(ran.code, ran.stderr).toBe(64)
})
