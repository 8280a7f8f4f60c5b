/** What keeps the memory of a heap at its limit, read from real processes, and one that makes much garbage and keeps nothing. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { retainedCapturer } from '../../src/capture/retained-capturer.js'
import { runCapturer } from '../../src/capture/run-capturer.js'
import { CaptureSession } from '../../src/capture/session.js'
import { keeperText } from '../../src/diagnose/view/retained.js'
import type { IncidentManifest } from '../../src/model/incident.js'
import type { Retained } from '../../src/model/retained.js'
import type { Verdict } from '../../src/model/verdict.js'
import { createRedactor } from '../../src/redact/redactor.js'
import { startProgram } from '../support/await-target.js'
import { runCli } from '../support/cli.js'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'

const PROGRAM = path.join(PROGRAMS, 'collecting/keeping.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')
const lineOf = (mark: string): number => LINES.findIndex((line) => line.includes(mark)) + 1
const FLAGS = ['--max-old-space-size=100', '--max-semi-space-size=2']
const LIMIT_BYTES = 100 * 1024 * 1024

async function withProgram<T>(node: NodeBinary, mode: string, look: (pid: number) => Promise<T>): Promise<T> {
  const target = await startProgram(node, PROGRAM, [mode], { nodeArgs: FLAGS })
  try {
    return await look(target.pid)
  } finally {
    target.child.kill('SIGKILL')
  }
}

async function retainedOf(pid: number): Promise<Retained> {
  const target = { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }
  const session = new CaptureSession(target, { locals: false, redactor: createRedactor() })
  const outcome = await runCapturer(retainedCapturer, session, { deadlineMs: performance.now() + 40_000 })
  session.dispose()
  if (outcome.status !== 'captured') throw new Error(JSON.stringify(outcome))
  return outcome.evidence
}

describe.each(NODES)('what keeps the heap, on Node $major', (node) => {
  it.each([
    ['map', 'map', `cache (keeping.cjs:${lineOf('@cache')})`],
    ['field', 'array', `ledger (Ledger.#entries, keeping.cjs:${lineOf('@ledger')})`],
    ['local', 'array', `list (keeping.cjs:${lineOf('@list')})`],
    ['small', 'map', 'globalThis.groups'],
  ])('is named: %s', async (mode, kind, keeper) => {
    const { holdings } = await withProgram(node, mode, retainedOf)
    const [most] = holdings
    expect(most === undefined ? null : keeperText(most)).toBe(keeper)
    expect(most?.kind).toBe(kind)
    expect(most?.heldBytes).toBeGreaterThan(LIMIT_BYTES * 0.4)
    expect(most?.heldBytes).toBeLessThan(LIMIT_BYTES * 1.1)
    if (mode !== 'small') expect(most?.entries).toBe('Order')
  })

  it('is named by what an ES module exports', async () => {
    const lines = readFileSync(path.join(PROGRAMS, 'collecting/ledger.mjs'), 'utf8').split('\n')
    const program = path.join(PROGRAMS, 'collecting/exporting.mjs')
    const target = await startProgram(node, program, [], { nodeArgs: FLAGS })
    const { holdings } = await retainedOf(target.pid).finally(() => target.child.kill('SIGKILL'))
    const [most] = holdings
    const at = lines.findIndex((line) => line.includes('@exported')) + 1
    expect(most === undefined ? null : keeperText(most)).toBe(`ledger (ledger.mjs:${at})`)
    expect(most?.parts[0]).toEqual({ name: 'module', slot: '{ledger}', role: 'module' })
  })

  it('is nothing where there is garbage alone', async () => {
    const { holdings } = await withProgram(node, 'garbage', retainedOf)
    // What is being made is on the stack.
    expect(holdings.filter(({ by }) => by !== 'stack')).toEqual([])
  })

  it('is told by dump', async () => {
    const { stdout } = await withProgram(node, 'map', (pid) => runCli(['dump', String(pid), '--json']))
    // On a crowded machine the want of a CPU may come before it.
    const { verdicts } = JSON.parse(stdout) as { readonly verdicts: readonly Verdict[] }
    const told = verdicts.find(({ cause }) => cause === 'near-heap-limit')
    expect(told?.summary).toMatch(
      /What it keeps: a Map of \d+ entries \(Order\) in cache \(keeping\.cjs:\d+\), about \d+ MB/,
    )
    expect(told?.nextStep).toMatch(/^Bound what cache/)
  })

  it('is told by the agent inside', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'retained-'))
    const child = spawn(
      node.path,
      [...FLAGS, '--require', path.join(PROJECT_ROOT, 'dist/index.js'), PROGRAM, 'map', 'beating'],
      {
        stdio: 'ignore',
        env: {
          PATH: process.env['PATH'],
          CONDUCTOR_STALL_DIR: folder,
          CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0',
          CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '8',
          CONDUCTOR_STALL_PROFILE_SECONDS: '1',
        },
      },
    )
    try {
      const sealed = (): string | undefined => readdirSync(folder).find((name) => /^[0-9A-Z]{26}$/.test(name))
      await expect.poll(sealed, { timeout: 60_000, interval: 200 }).toBeDefined()
      const bundle = path.join(folder, sealed() ?? '')
      const manifest = JSON.parse(readFileSync(path.join(bundle, 'incident.json'), 'utf8')) as IncidentManifest
      expect(manifest.verdicts.map(({ summary }) => summary).join(' ')).toMatch(
        /What it keeps: a Map of \d+ entries \(Order\) in cache/,
      )
      expect(readdirSync(bundle)).toContain('retained.json')
    } finally {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
