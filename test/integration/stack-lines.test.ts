/** Which line is said of compiled code that runs: its own, that of its only loop, or that of its definition, as marked. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { openMemoryTarget } from '../../src/capture/memory-target.js'
import { readStacks } from '../../src/capture/stacks-capturer.js'
import type { Frame } from '../../src/model/frame.js'
import { NODES, PROGRAMS, type NodeBinary } from '../support/nodes.js'

const LOOKS = 20
const PROGRAM = path.join(PROGRAMS, 'truth-lines.cjs')
const LINES = readFileSync(PROGRAM, 'utf8').split('\n')

const definitionOf = (name: string): number => LINES.findIndex((line) => line.startsWith(`function ${name}(`)) + 1
const inLoopOf = (name: string): number[] =>
  LINES.flatMap((line, index) => (line.endsWith(`// ${name}`) ? [index + 1] : []))

/** Waits until the process has been on a CPU for two ticks more. */
async function hasComputed(pid: number): Promise<void> {
  const ticks = (): number => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[11])
  const enough = ticks() + 2
  while (ticks() < enough) await delay(10)
}

/** The frame of `name` in many looks at a process that runs it. */
async function framesOf(node: NodeBinary, name: string, flags: readonly string[]): Promise<Frame[]> {
  const child = spawn(node.path, [...flags, PROGRAM], { env: { LOOP: name }, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    for await (const line of createInterface({ input: child.stdout })) if (line === 'second') break
    const pid = child.pid ?? 0
    // The line is there before the call that wrote it has returned.
    await hasComputed(pid)
    const target = { pid, startTicks: null, procRoot: `/proc/${pid}`, inside: false }
    const memory = openMemoryTarget(target)
    const frames: Frame[] = []
    for (let look = 0; look < LOOKS * 5 && frames.length < LOOKS; look++) {
      const [main] = readStacks(memory, { target, deadlineMs: performance.now() + 10_000 }).stacks
      const frame = main?.frames.find((each) => each.function === name)
      if (frame) frames.push(frame)
    }
    memory.dispose()
    return frames
  } finally {
    child.kill('SIGKILL')
  }
}

/**
 * What is compiled by baseline code alone at first is what 11.3 and 12.4 go on from in the middle of a loop. Where better
 * code for a loop is not made by another thread, Maglev's asks for it again and again: most looks find V8 at that.
 */
const flagsOf = ({ major }: NodeBinary): string[][][] =>
  major < 24 ? [[[]], [['--always-sparkplug']]] : [[[]], [['--no-concurrent-osr']]]

/** Those that say a line where the function is not, or that say of a definition that it is a call's. */
const wrongOf = (frames: readonly Frame[], name: string): Frame[] =>
  frames.filter((frame) =>
    frame.lineOf === 'definition' ? frame.line !== definitionOf(name) : !inLoopOf(name).includes(frame.line ?? 0),
  )

describe.each(NODES)('Node $version', (node) => {
  it.each(flagsOf(node))('says of the only loop where it is, and that it is one (%s)', async (flags) => {
    const frames = await framesOf(node, 'oneLoop', flags)
    expect(wrongOf(frames, 'oneLoop')).toEqual([])
    expect(frames).toHaveLength(LOOKS)
    // V8 may be at work for the function at a look: then its loop is not known.
    expect(frames.filter((frame) => frame.lineOf === 'definition' && frame.tier !== 'maglev')).toEqual([])
  })

  it.each(flagsOf(node))('never takes the definition for the line of a call (%s)', async (flags) => {
    const frames = await framesOf(node, 'twoLoops', flags)
    expect(wrongOf(frames, 'twoLoops')).toEqual([])
    expect(frames).toHaveLength(LOOKS)
  })
})
