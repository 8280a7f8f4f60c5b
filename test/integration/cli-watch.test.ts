import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LiveMoment } from '../../src/model/live-view.js'
import { CLI, NODES, PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'
import { startProgram } from '../support/program.js'

const TARGET = path.join(PROGRAMS, 'native/target.cjs')
const API = path.join(PROJECT_ROOT, 'dist/api.js')

interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
  /** Settles when a whole line was printed. */
  readonly firstLine: Promise<void>
}

function watch(...args: string[]): Run {
  const child = spawn(process.execPath, [CLI, 'watch', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  let seen = (): void => {}
  const firstLine = new Promise<void>((resolve) => (seen = resolve))
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString('utf8')
    if (out.includes('\n')) seen()
  })
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')))
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once('close', (code) => {
      seen()
      resolve({ code, out, err })
    })
  })
  return { child, ended, firstLine }
}

describe.each(NODES)('watch on Node $version', (node) => {
  it('shows a stuck loop and where it is stuck, one line a refresh, with no agent', async () => {
    const program = await startProgram(node, TARGET, ['stuck'])
    try {
      const { code, out, err } = await watch(String(program.pid), '-n', '12', '-i', '0.1').ended
      expect([code, err]).toEqual([0, ''])
      const lines = out.trim().split('\n')
      expect(lines).toHaveLength(12)
      expect(lines[1]).toMatch(/loop 0 turns\/s, lag [\d.]+ m?s/)
      expect(lines[1]).toContain('main running')
      // One reading in eight finds the stack of a running thread in pieces, and is made again.
      expect(lines.filter((line) => line.includes('main running in spinUntil')).length).toBeGreaterThan(10)
    } finally {
      await program.end()
    }
  })

  it("shows the agent's clocks and what the poll loop waits for, as JSON", async () => {
    const program = await startProgram(node, TARGET, ['beating', API])
    try {
      const { code, out, err } = await watch(String(program.pid), '--json', '-n', '5', '-i', '0.3').ended
      expect([code, err]).toEqual([0, ''])
      const moments = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as LiveMoment)
      const [moment] = moments as [LiveMoment]
      expect(moment.notes).toEqual([])
      expect(moment.clocks?.map((clock) => clock.name)).toContain('invoices')
      const beat = moment.clocks?.find((clock) => clock.name === 'invoices')
      expect(beat?.ageMs).toBeLessThan(5000)
      expect(moment.loop?.lagMs).toBeLessThan(2000)
      // Between two waits it runs: one look may meet it just there.
      const waits = moments.flatMap((each) => each.waits ?? [])
      expect(waits.map((wait) => [wait.at.function, wait.waitsFor?.kind])).toContainEqual(['pollLoop', 'timer'])
    } finally {
      await program.end()
    }
  })
})

describe('watch', () => {
  const [node] = NODES
  if (!node) throw new Error('no Node to test on')

  it('ends with 0 on SIGINT, and when the process that it shows ends', async () => {
    const program = await startProgram(node, TARGET, ['idle'])
    try {
      const interrupted = watch(String(program.pid), '-i', '0.3')
      const outlived = watch(String(program.pid), '-i', '0.3')
      await Promise.all([interrupted.firstLine, outlived.firstLine])
      interrupted.child.kill('SIGINT')
      expect(await interrupted.ended).toMatchObject({ code: 0, err: '' })
      await program.end()
      expect(await outlived.ended).toMatchObject({ code: 0, err: `process ${program.pid} has ended\n` })
    } finally {
      await program.end()
    }
  })

  it('is 66 for a process that is not there, 1 for one that is not Node, 64 without one', async () => {
    const sleep = spawn('sleep', ['20'], { stdio: 'ignore' })
    try {
      const runs = await Promise.all([watch('999999999').ended, watch(String(sleep.pid)).ended, watch().ended])
      expect(runs.map(({ code }) => code)).toEqual([66, 1, 64])
      expect(runs.every(({ out }) => out === '')).toBe(true)
    } finally {
      sleep.kill('SIGKILL')
    }
  })
})
