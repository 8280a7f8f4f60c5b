/** Which line is said of compiled code that runs: its own, that of its only loop, or that of its definition, as marked. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { readFileSync } from 'node:fs'
import path from 'node:path'
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

/** The frame of `name` in many looks at a process that runs it. */
async function framesOf(node: NodeBinary, name: string, flags: readonly string[]): Promise<Frame[]> {
  const child = spawn(node.path, [...flags, PROGRAM], { env: { LOOP: name }, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    for await (const line of createInterface({ input: child.stdout })) if (line === 'second') break
    const pid = child.pid ?? 0
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

/** What is compiled by baseline code alone at first is what 11.3 and 12.4 go on from in the middle of a loop. */
const flagsOf = ({ major }: NodeBinary): string[][][] => (major < 24 ? [[[]], [['--always-sparkplug']]] : [[[]]])

describe.each(NODES)('Node $version', (node) => {
  it.each(flagsOf(node))('says of the only loop where it is, and that it is one (%s)', async (flags) => {
    const frames = await framesOf(node, 'oneLoop', flags)
    const wrong = frames.filter((frame) => !inLoopOf('oneLoop').includes(frame.line ?? 0))
    expect(wrong).toEqual([])
    expect(frames).toHaveLength(LOOKS)
  })

  it.each(flagsOf(node))('never takes the definition for the line of a call (%s)', async (flags) => {
    const frames = await framesOf(node, 'twoLoops', flags)
    const wrong = frames.filter((frame) =>
      frame.lineOf === 'definition'
        ? frame.line !== definitionOf('twoLoops')
        : !inLoopOf('twoLoops').includes(frame.line ?? 0),
    )
    expect(wrong).toEqual([])
    expect(frames).toHaveLength(LOOKS)
  })
})
