import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runCapturer } from '../../../src/capture/run-capturer.js'
import { CaptureSession } from '../../../src/capture/session.js'
import { stacksCapturer } from '../../../src/capture/stacks-capturer.js'
import type { ThreadStack } from '../../../src/model/thread.js'
import { createRedactor } from '../../../src/redact/redactor.js'
import { NODES, PROGRAMS, type NodeBinary } from '../../support/nodes.js'
import { startProgram } from '../../support/program.js'

const TARGET = path.join(PROGRAMS, 'native/target.cjs')
const folder = mkdtempSync(path.join(tmpdir(), 'native-'))
const addon = path.join(folder, 'addon.node')
const compiled = spawnSync('cc', ['-O2', '-shared', '-fPIC', '-o', addon, path.join(PROGRAMS, 'native/addon.c')])
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function stacksOf(node: NodeBinary, args: readonly string[], native: boolean): Promise<readonly ThreadStack[]> {
  const program = await startProgram(node, TARGET, args)
  try {
    // The program says `ready` right before it calls.
    await new Promise((resolve) => setTimeout(resolve, 300))
    const outcome = await runCapturer(
      stacksCapturer,
      new CaptureSession(
        { pid: program.pid, startTicks: null, procRoot: `/proc/${program.pid}`, inside: false },
        { locals: false, native, redactor: createRedactor() },
      ),
      { deadlineMs: performance.now() + 15_000 },
    )
    if (outcome.status !== 'captured') throw new Error(JSON.stringify(outcome))
    return outcome.evidence
  } finally {
    await program.end()
  }
}

function namesOf(stack: ThreadStack | undefined): (string | null)[] {
  return (stack?.frames ?? []).map((frame) => frame.function)
}

describe.each(NODES)('on Node $version', (node) => {
  it('puts the C++ frames of a blocked thread between its JavaScript frames', async () => {
    const [main] = await stacksOf(node, ['sync'], true)
    expect(main?.note).toBeUndefined()
    expect(main).toMatchObject({ withNative: true, nativeCallee: 'node::SyncProcessRunner::Spawn' })
    const names = namesOf(main)
    const order = [
      'epoll_pwait',
      'uv_run',
      'node::SyncProcessRunner::Spawn',
      'spawnSync',
      'execSync',
      'waitsForChild',
      'listOnTimeout',
      'v8::internal::(anonymous)::Invoke',
      'node::Environment::RunTimers',
      'uv__run_timers',
      'node::SpinEventLoopInternal',
      'node::Start',
    ]
    const places = order.map((name) => names.indexOf(name))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places[0]).toBe(0)
    expect(places.at(-1)).toBe(names.length - 1)
    expect(main?.frames.filter((frame) => !frame.native && frame.function === 'waitsForChild')).toHaveLength(1)
  })

  it('names the one native function that JavaScript called, also while it runs, and every other thread', async () => {
    const stacks = await stacksOf(node, ['crypto'], false)
    expect(stacks[0]?.nativeCallee).toBe('node::crypto::CryptoJob::Run')
    expect(stacks[0]?.frames.every((frame) => !frame.native)).toBe(true)
    const roles = stacks.map((stack) => stack.role)
    expect(roles.filter((role) => role === 'v8-platform')).toHaveLength(4)
    expect(roles).toContain('signal-inspector')
  })

  it('rebuilds the C++ frames of a running thread, and says that they are probable', async () => {
    const [main] = await stacksOf(node, ['crypto'], true)
    expect(main?.note).toBeUndefined()
    const native = main?.frames.filter((frame) => frame.probable === true).map((frame) => frame.function) ?? []
    const trunk = ['node::crypto::PBKDF2Traits::DeriveBits', 'node::crypto::CryptoJob::Run']
    const places = trunk.map((name) => native.indexOf(name))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places[0]).toBeGreaterThanOrEqual(0)
    const names = namesOf(main)
    expect(names.indexOf('hashesSynchronously')).toBeGreaterThan(names.indexOf('node::crypto::CryptoJob::Run'))
    expect(names.at(-1)).toBe('node::Start')
  })

  it.skipIf(compiled.status !== 0)("names an addon's file", async () => {
    const [main] = await stacksOf(node, ['addon', addon], true)
    expect(main?.nativeCallee).toBe(addon)
    expect(namesOf(main)).toContain('callsTheAddon')
  })
})
