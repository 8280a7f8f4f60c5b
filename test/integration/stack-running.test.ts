/**
 * Stacks of processes that run while they are read: none may fail, none may be wrong, each that is not certain says so.
 * And what looking leaves behind in the target: nothing.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { openMemoryTarget } from '../../src/capture/memory-target.js'
import { readStacks } from '../../src/capture/stacks-capturer.js'
import type { Frame } from '../../src/model/frame.js'
import type { ThreadStack } from '../../src/model/thread.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'
import { startTruth } from '../support/truth.js'

const DUMPS = 50
const PROGRAM = path.join(PROGRAMS, 'truth-busy.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')

/** Who may call whom in truth-busy.cjs. Optimised code has no frame for a `map` that was inlined. */
const CALLERS: Readonly<Record<string, readonly string[]>> = {
  leaf: ['left', 'right'],
  left: ['right', 'visit', 'compare'],
  right: ['visit', 'revive'],
  Node: ['callback', 'visit'],
  visit: ['callback', 'visit'],
  callback: ['map', 'viaMap'],
  map: ['viaMap'],
  compare: ['sort'],
  sort: ['viaSort'],
  revive: ['parse'],
  parse: ['viaJson'],
  viaMap: ['round'],
  viaSort: ['round'],
  viaJson: ['round'],
  round: ['main'],
}

function mainOf(pid: number): ThreadStack {
  const target = { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }
  const memory = openMemoryTarget(target)
  try {
    const [main] = readStacks(memory, { target, deadlineMs: performance.now() + 10_000 }).stacks
    if (!main) throw new Error('no stack')
    return main
  } finally {
    memory.dispose()
  }
}

/** What is impossible about the frames that are not marked as probable; null when nothing is. */
function contradiction(stack: ThreadStack): string | null {
  const frames = stack.frames.filter((frame) => frame.file?.startsWith('node:') !== true && frame.probable !== true)
  for (const [index, frame] of frames.entries()) {
    const caller = frames[index + 1]
    const name = frame.function ?? '(anonymous)'
    const allowed = CALLERS[name]
    if (!allowed) {
      // A builtin that some function called (push) may be on top.
      if (name === 'main' ? !caller : frame.file === null && isOnTop(stack, frame)) continue
      return `${name} is no function of the program`
    }
    if (!caller || !allowed.includes(caller.function ?? '')) return `${name} under ${caller?.function ?? 'nothing'}`
    if (!callsAt(caller, name)) return `${name} called at ${caller.line}:${caller.column} of ${caller.function}`
  }
  return stack.frames.length === 0 ? 'no frame at all' : null
}

function isOnTop(stack: ThreadStack, frame: Frame): boolean {
  return stack.frames.slice(0, stack.frames.indexOf(frame)).every((above) => above.file === null)
}

/** Whether the caller's place mentions the callee; a place that is not known contradicts nothing. */
function callsAt(caller: Frame, callee: string): boolean {
  if (caller.file === null || caller.line === null) return true
  return LINES[caller.line - 1]?.slice((caller.column ?? 1) - 1).includes(callee) === true
}

async function startBusy(node: NodeBinary, kind: string): Promise<{ child: ChildProcess; pid: number }> {
  const child = spawn(node.path, [PROGRAM], { env: { BUSY: kind }, stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  expect(said.toString().trim()).toBe(node.version)
  if (child.pid === undefined) throw new Error('not started')
  return { child, pid: child.pid }
}

describe.each(NODES)('Node $version', (node) => {
  it.each(['busy', 'garbage'])(`is never wrong in ${DUMPS} dumps of a running process, %s`, async (kind) => {
    const { child, pid } = await startBusy(node, kind)
    try {
      while (!mainOf(pid).frames.some((frame) => frame.function === 'main')) await new Promise(setImmediate)
      const wrong: string[] = []
      let torn = 0
      let doubtful = 0
      for (let count = 0; count < DUMPS; count++) {
        const stack = mainOf(pid)
        if (stack.frames.some((frame) => frame.probable)) doubtful++
        if (stack.frames.length === 0 && stack.note?.includes('changed faster') === true) torn++
        else {
          const why = contradiction(stack)
          if (why !== null) wrong.push(`${why}, ${stack.note ?? 'said to be exact'}`)
        }
      }
      expect(wrong.join('\n')).toBe('')
      expect(torn).toBeLessThan(DUMPS / 4)
      // Most are read while the program is in a builtin: those are certain.
      expect(doubtful).toBeLessThan(DUMPS)
    } finally {
      child.kill('SIGKILL')
    }
  })

  it('leaves the target as it was: page tables, descriptors, signals, and the call it sleeps in', async () => {
    const truth = await startTruth(node, { program: 'truth-minified.cjs' })
    const state = (): Record<string, unknown> => ({
      syscall: readFileSync(`/proc/${truth.pid}/syscall`, 'utf8'),
      descriptors: readdirSync(`/proc/${truth.pid}/fd`).length,
      status: readFileSync(`/proc/${truth.pid}/status`, 'utf8')
        .split('\n')
        .filter((line) => /^(State|VmPTE|SigPnd|ShdPnd|TracerPid|Threads):/.test(line)),
    })
    try {
      while (!mainOf(truth.pid).frames.some((frame) => frame.function === 'readSync')) await new Promise(setImmediate)
      // Node's own platform threads may still be on their way to sleep.
      await new Promise((resolve) => setTimeout(resolve, 200))
      const before = state()
      for (let count = 0; count < 10; count++) mainOf(truth.pid)
      expect(state()).toEqual(before)
    } finally {
      await truth.end()
    }
  })
})
