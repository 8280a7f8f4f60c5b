/**
 * Stacks read from memory against what the process itself says at the same point, frame by frame, with line and
 * column. Any difference fails.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openMemoryTarget } from '../../src/capture/memory-target.js'
import { readStacks } from '../../src/capture/stacks-capturer.js'
import type { Frame } from '../../src/model/frame.js'
import type { ThreadStack } from '../../src/model/thread.js'
import { compileBlockers, whyNotCompile } from '../support/compiled.js'
import { NODES } from '../support/nodes.js'
import { scriptLines, startTruth, type TrueFrame, type TruthOptions } from '../support/truth.js'

const folder = mkdtempSync(path.join(tmpdir(), 'truth-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function stacksOf(pid: number): readonly ThreadStack[] {
  const target = { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }
  const memory = openMemoryTarget(target)
  try {
    return readStacks(memory, { target, deadlineMs: performance.now() + 10_000 }).stacks
  } finally {
    memory.dispose()
  }
}

function mainOf(pid: number): ThreadStack | undefined {
  return stacksOf(pid).find((stack) => stack.role === 'main')
}

async function until<T>(look: () => T | Promise<T>, enough: (seen: T) => boolean): Promise<T> {
  const deadline = performance.now() + 20_000
  for (;;) {
    const seen = await look()
    if (enough(seen) || performance.now() > deadline) return seen
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** It has said its stack just before it blocks: until then the blocking function is not on it. */
async function stackAtPause(pid: number): Promise<ThreadStack> {
  const blockers = new Set(['read', 'exec', 'atomics', 'regexp', 'loop', 'dlopen', 'addon'])
  const stack = await until(
    () => mainOf(pid),
    (main) => main?.frames.some((frame) => blockers.has(frame.function ?? '')) === true,
  )
  if (!stack) throw new Error('no stack of the main thread')
  return stack
}

/** The main thread of a process that a signal stops now. */
async function stoppedStack(pid: number): Promise<ThreadStack | undefined> {
  process.kill(pid, 'SIGSTOP')
  await until(
    () => mainOf(pid),
    (main) => main?.state === 'stopped',
  )
  return mainOf(pid)
}

/** As `scriptLines`, with `wasm` for a frame of WebAssembly: it has a name there, no more. */
function linesWithWasm(frames: readonly (TrueFrame | Frame)[]): string[] {
  const isWasm = (frame: TrueFrame | Frame): boolean =>
    'tier' in frame ? frame.tier === 'wasm' : frame.file?.startsWith('wasm:') === true
  const from = frames.findIndex((frame) => frame.function === 'pause')
  return frames.slice(from).flatMap((frame) => (isWasm(frame) ? ['wasm'] : scriptLines([frame])))
}

/** Baseline and optimised code, with and without each tier: the same program has to come out the same. */
const TIERS: readonly (readonly string[])[] = [
  [],
  ['--always-sparkplug'],
  ['--no-opt'],
  ['--jitless'],
  ['--max-inlined-bytecode-size-cumulative=0'],
]

const CASES: readonly (TruthOptions & { readonly title: string })[] = [
  { title: 'every shape of a frame', program: 'truth-shapes.cjs' },
  { title: 'every shape, before V8 has computed line ends', program: 'truth-shapes.cjs', blind: true },
  { title: 'an ES module with top-level await', program: 'truth-module.mjs' },
  { title: 'a minified file of one line', program: 'truth-minified.cjs' },
  { title: 'recursion 5,000 deep', program: 'truth-deep.cjs', flags: ['--stack-size=2000'] },
  { title: 'a stack blocked in execSync', program: 'truth-minified.cjs', blocker: 'exec' },
  { title: 'a stack blocked in Atomics.wait', program: 'truth-minified.cjs', blocker: 'atomics' },
  { title: 'a stack below a regular expression', program: 'truth-minified.cjs', blocker: 'regexp' },
  { title: 'a stack below an endless loop', program: 'truth-minified.cjs', blocker: 'loop' },
  ...TIERS.map((flags) => ({
    title: `hot, inlined functions with ${flags.join(' ') || 'the usual flags'}`,
    program: 'truth-hot.cjs',
    flags,
  })),
]

describe.each(NODES)('Node $version', (node) => {
  it.concurrent.each(CASES)('reads $title as the process says it', async (options) => {
    const said = options.blind ? await startTruth(node, { ...options, blind: false }) : null
    const truth = await startTruth(node, options)
    try {
      expect(truth.version).toBe(node.version)
      const stack = await stackAtPause(truth.pid)
      const expected = scriptLines((said ?? truth).truths[0] ?? [])
      expect(expected.length).toBeGreaterThan(3)
      expect(scriptLines(stack.frames)).toEqual(expected)
    } finally {
      await truth.end()
      await said?.end()
    }
  })

  it('reads the main thread and a worker thread, each as it says', async () => {
    const truth = await startTruth(node, { program: 'truth-worker.cjs', blocker: 'atomics', pauses: 2 })
    try {
      await stackAtPause(truth.pid)
      // Node's own threads are listed too; they run no JavaScript.
      const stacks = stacksOf(truth.pid).filter((stack) => stack.role === 'main' || stack.role === 'worker')
      expect(stacks.map((stack) => stack.role)).toEqual(['main', 'worker'])
      const said = truth.truths.map((frames) => scriptLines(frames ?? []))
      expect(stacks.map((stack) => scriptLines(stack.frames))).toEqual([said[1], said[0]])
    } finally {
      await truth.end()
    }
  })

  it('names a frame of WebAssembly between those of JavaScript', async () => {
    const truth = await startTruth(node, { program: 'truth-wasm.cjs' })
    try {
      const stack = await stackAtPause(truth.pid)
      const said = linesWithWasm(truth.truths[0] ?? [])
      expect(said).toContain('wasm')
      expect(linesWithWasm(stack.frames)).toEqual(said)
    } finally {
      await truth.end()
    }
  })

  const why = whyNotCompile(node)
  it.skipIf(why !== null)(
    `reads stacks blocked in dlopen and in an addon${why === null ? '' : ` (${why})`}`,
    async () => {
      const { library, addon } = compileBlockers(node, folder)
      const environment = { TRUTH_LIBRARY: library, TRUTH_ADDON: addon }
      for (const blocker of ['dlopen', 'addon']) {
        const truth = await startTruth(node, { program: 'truth-minified.cjs', blocker, environment })
        try {
          expect(truth.version).toBe(node.version)
          const stack = await until(
            () => mainOf(truth.pid),
            (main) => main?.nativeCallee?.includes(blocker === 'addon' ? addon : 'DLOpen') === true,
          )
          expect(stack?.nativeCallee).toContain(blocker === 'addon' ? addon : 'DLOpen')
          expect(stack?.frames.map((frame) => frame.function)).toContain(blocker)
          expect(scriptLines(stack?.frames ?? [])).toEqual(scriptLines(truth.truths[0] ?? []))
        } finally {
          await truth.end()
        }
      }
    },
  )

  it('reads a process that a signal has stopped in JavaScript, and says what is not certain', async () => {
    const truth = await startTruth(node, { program: 'truth-minified.cjs', blocker: 'loop' })
    try {
      await stackAtPause(truth.pid)
      const stack = await until(
        () => {
          process.kill(truth.pid, 'SIGCONT')
          return stoppedStack(truth.pid)
        },
        // V8 compiles the loop in its first milliseconds. Stopped in there it has left JavaScript, and all is certain.
        (main) => main?.frames[0]?.probable === true,
      )
      expect(stack?.frames[0]).toMatchObject({ function: 'loop', probable: true })
      expect(scriptLines(stack?.frames ?? [])).toEqual(scriptLines(truth.truths[0] ?? []))
      // It stays stopped: looking changes nothing.
      expect(mainOf(truth.pid)?.state).toBe('stopped')
    } finally {
      await truth.end()
    }
  })
})
