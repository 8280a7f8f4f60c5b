/** `record --awaits`: chains of suspended functions with what they wait for, as long as they wait. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Profile } from 'pprof-format'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { AwaitSampler } from '../../src/capture/await-sampler.js'
import type { WaitStack } from '../../src/model/wait-profile.js'
import { createRedactor } from '../../src/redact/redactor.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'

const PROGRAM = path.join(PROGRAMS, 'waits.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')
const lineOf = (mark: string): number => LINES.findIndex((line) => line.endsWith(`// ${mark}`)) + 1

const folder = mkdtempSync(path.join(tmpdir(), 'record-awaits-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

async function start(node: NodeBinary, env: Record<string, string> = {}, program = PROGRAM): Promise<number> {
  const child = spawn(node.path, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  await once(child.stdout, 'data')
  return child.pid ?? 0
}

/** What the page has in it, as text. */
function profileIn(page: string): string {
  const encoded = /<script id="profile" type="text\/plain">([^<]+)</.exec(readFileSync(page, 'utf8'))?.[1] ?? ''
  return Buffer.from(encoded, 'base64').toString('utf8')
}

const chainOf = ({ frames }: WaitStack): string =>
  frames
    .slice(1)
    .map((frame) => frame.function)
    .join('<')
const firstOf = (stacks: readonly WaitStack[], chain: string): WaitStack | undefined =>
  stacks.find((stack) => chainOf(stack) === chain)

describe.each(NODES)('Node $version', (node) => {
  it('gives each chain the time that its functions wait, and the same functions again without a search', async () => {
    const pid = await start(node)
    const target = { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }
    const sampler = new AwaitSampler(target, createRedactor())
    try {
      // Turns of a clock of our own: as often as it takes for the other wait of `turns` to be met as well.
      let atMs = 0
      const places = new Set<number | null>()
      const untilMs = performance.now() + 60_000
      while (places.size < 2 && performance.now() < untilMs) {
        expect(sampler.take((atMs += 100))).toBe(true)
        for (const { frames } of sampler.profile(0).stacks) {
          if (frames[1]?.function === 'turns') places.add(frames[1].line)
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      expect(places).toEqual(new Set([lineOf('first'), lineOf('second')]))
      const { stacks, turns, scans } = sampler.profile(0)
      const onTimer = firstOf(stacks, 'onTimer<handle<main')
      const onLock = firstOf(stacks, 'onLock<handle<main')
      expect(onTimer?.frames[0]?.function).toMatch(/timer/)
      expect(onTimer?.frames.slice(1).map((frame) => frame.line)).toEqual(['onTimer', 'handle', 'main'].map(lineOf))
      expect(onLock?.waitedMs).toBe(atMs - 100)
      expect(onTimer?.waitedMs).toBe(3 * (atMs - 100))
      expect(turns).toBe(atMs / 100)
      expect(scans).toBeLessThan(turns)
    } finally {
      sampler.dispose()
    }
  })

  it('knows what a function waits for wherever the search has met its place, and keeps the places apart', async () => {
    const program = path.join(PROGRAMS, 'alternating.cjs')
    const lines = readFileSync(program, 'utf8').split('\n')
    const pid = await start(node, {}, program)
    const sampler = new AwaitSampler(
      { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false },
      createRedactor(),
    )
    try {
      // A search that falls into the moment in which all of them move on knows of none what it waits for.
      const isKnown = (): boolean =>
        sampler.profile(0).stacks.every(({ frames }) => /timer/.test(frames[0]?.function ?? ''))
      let atMs = 0
      const untilMs = performance.now() + 30_000
      do {
        sampler.warmUp()
        for (let turn = 0; turn < 2; turn++) sampler.take((atMs += 1))
      } while (!isKnown() && performance.now() < untilMs)
      for (let turn = 0; turn < 80; turn++) {
        expect(sampler.take((atMs += 100))).toBe(true)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      const waits = new Map<string, number>()
      for (const { frames, waitedMs } of sampler.profile(0).stacks) {
        const key = `${lines[(frames[1]?.line ?? 0) - 1]?.split('// ')[1] ?? ''}: ${frames[0]?.function ?? ''}`
        waits.set(key, (waits.get(key) ?? 0) + waitedMs)
      }
      const all = [...waits.values()].reduce((sum, ms) => sum + ms, 0)
      const known = (waits.get('first: timer of 3 s') ?? 0) + (waits.get('second: timer of 3.1 s') ?? 0)
      // A later search may fall into that moment, too.
      expect(known / all, JSON.stringify([...waits])).toBeGreaterThan(0.9)
    } finally {
      sampler.dispose()
    }
  })

  it.skipIf(node.major === 22 || node.major === 24)(
    'writes speedscope and pprof, and names the longest waits',
    async () => {
      const pid = await start(node)
      const page = path.join(folder, `${node.major}.html`)
      const ran = await runCli(['record', String(pid), '--awaits', '-d', '2', '-o', page])
      expect(ran.code, ran.stderr).toBe(0)
      expect(ran.stderr).toMatch(/^ +\d+ % .*onTimer \(.*waits\.cjs:\d+\): .*timer/m)
      expect(profileIn(page).includes(`onTimer:${lineOf('onTimer')}`)).toBe(true)
      const file = path.join(folder, `${node.major}.pb.gz`)
      const second = await runCli(['record', String(pid), '--awaits', '-d', '2', '-f', 'pprof', '-o', file, '--json'])
      expect(second.code, second.stderr).toBe(0)
      const { stringTable, sample } = Profile.decode(gunzipSync(readFileSync(file)))
      expect(stringTable.strings).toContain(`onLock:${lineOf('onLock')}`)
      const closing = JSON.parse(second.stdout) as { waits: { function: string; waitedMs: number }[] }
      expect(closing.waits[0]).toMatchObject({ function: 'onTimer' })
      const longestNs = Math.max(...sample.map(({ value }) => Number(value[1])))
      expect(Math.abs(longestNs / 1e6 - (closing.waits[0]?.waitedMs ?? 0))).toBeLessThan(2)
    },
  )
})

it('keeps what it saw of a process that ends, and says so', async () => {
  const [node] = NODES
  if (!node) return
  for (let endsMs = 3000; endsMs <= 48_000; endsMs *= 2) {
    const pid = await start(node, { ENDS_MS: String(endsMs) })
    const ran = await runCli([
      'record',
      String(pid),
      '--awaits',
      '-d',
      '600',
      '-o',
      path.join(folder, 'e.html'),
      '--json',
    ])
    // On a crowded machine it may have ended before it was looked at twice.
    if (ran.code !== 0) continue
    expect(JSON.parse(ran.stdout)).toMatchObject({ end: 'ended' })
    return
  }
  throw new Error('never seen before its end')
})

it.each([
  ['--stop', ['--stop']],
  ['collapsed stacks', ['-f', 'collapsed']],
  ['the inspector', ['--engine', 'inspector']],
])('refuses %s', async (_what, args) => {
  const ran = await runCli(['record', String(process.pid), '--awaits', ...args])
  expect(ran.code, ran.stderr).toBe(64)
})
