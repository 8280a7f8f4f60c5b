/**
 * Optimised code that V8 throws away while one of its calls is under way: what was inlined between the call and its
 * frame stays in the stack, each function with its line.
 */
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { openMemoryTarget } from '../../src/capture/memory-target.js'
import { readStacks } from '../../src/capture/stacks-capturer.js'
import type { Frame } from '../../src/model/frame.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

const PROGRAM = path.join(PROGRAMS, 'truth-lazy-deopt.cjs')
const DEADLINE_MS = 30_000

function framesOf(pid: number): readonly Frame[] {
  const target = { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }
  const memory = openMemoryTarget(target)
  try {
    return readStacks(memory, { target, deadlineMs: performance.now() + DEADLINE_MS }).stacks[0]?.frames ?? []
  } finally {
    memory.dispose()
  }
}

// Node 20 and 22 start Maglev only when they are asked to.
const CASES = NODES.flatMap((node) =>
  (node.major < 24 ? ['turbofan'] : ['maglev', 'turbofan']).map((tier) => ({ node, tier, version: node.version })),
)

describe.each(CASES)('Node $version, $tier', ({ node, tier }) => {
  it.each([
    { fate: 'is kept', environment: {} },
    { fate: 'is thrown away', environment: { THROW_AWAY: '1' } },
  ])('shows every inlined function below a call whose code $fate', async ({ environment }) => {
    const child = spawn(node.path, ['--allow-natives-syntax', PROGRAM], {
      env: { TIER: tier, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    try {
      const [said] = (await once(child.stdout, 'data')) as [Buffer]
      expect(said.toString().trim()).toBe(node.version)
      const deadline = performance.now() + DEADLINE_MS
      let frames: readonly Frame[] = []
      do {
        await new Promise(setImmediate)
        frames = framesOf(child.pid ?? 0)
      } while (!frames.some((frame) => frame.function === 'readSync') && performance.now() < deadline)
      const ours = frames.filter((frame) => frame.file === PROGRAM)
      expect(ours.map((frame) => `${frame.function} ${frame.line} ${frame.tier}`).slice(0, 3)).toEqual([
        'hold 12 interpreted',
        `middle 17 ${tier}`,
        `outer 22 ${tier}`,
      ])
    } finally {
      child.kill('SIGKILL')
      await exited
    }
  })
})
