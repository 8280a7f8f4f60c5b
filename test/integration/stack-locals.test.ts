/** `--locals` on stacks: arguments and variables of blocked functions, redacted, and what could not be had. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { openMemoryTarget } from '../../src/capture/memory-target.js'
import { readStacks } from '../../src/capture/stacks-capturer.js'
import type { Frame } from '../../src/model/frame.js'
import { createRedactor } from '../../src/redact/redactor.js'
import { startProgram, startTicksOf } from '../support/await-target.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

function framesOf(pid: number, locals: boolean): readonly Frame[] {
  const target = { pid, startTicks: startTicksOf(pid), procRoot: `/proc/${pid}`, inside: false }
  const memory = openMemoryTarget(target)
  try {
    const request = { target, deadlineMs: performance.now() + 30_000, locals, redactor: createRedactor() }
    return readStacks(memory, request).stacks[0]?.frames ?? []
  } finally {
    memory.dispose()
  }
}

describe.each(NODES)('values of stack frames on Node $major', (node) => {
  it('are read when asked for, under their names, redacted, with what could not be had', async () => {
    const file = path.join(PROGRAMS, 'locals-blocked.cjs')
    const target = await startProgram(node, file)
    try {
      await expect.poll(() => framesOf(target.pid, false).some((frame) => frame.function === 'spawnSync')).toBe(true)
      expect(framesOf(target.pid, false).every((frame) => frame.locals === undefined)).toBe(true)
      const frames = framesOf(target.pid, true).filter((frame) => frame.file === file)
      const charge = frames.find((frame) => frame.function === 'charge')
      const values = new Map(charge?.locals?.map((local) => [local.name, local.value]))
      expect(values.get('order')).toBe('Order {id: 7, state: "open"}')
      expect([values.get('retries'), values.get('total')]).toEqual(['3', '42.5'])
      expect(values.get('apiToken')).toMatch(/redacted/)
      // Without a name nobody can say that it is no password.
      expect([...values.entries()].filter(([name]) => name.startsWith('register')).map(([, value]) => value)).toContain(
        '"[redacted:unnamed]"',
      )
      expect(charge?.localsNote).toMatch(/registers/)
      expect(frames.every((frame) => frame.localsNote !== undefined)).toBe(true)
      const bill = frames.find((frame) => frame.function === 'bill')
      expect(bill?.locals?.find((local) => local.name === 'order')?.value).toBe('Order {id: 7, state: "open"}')
    } finally {
      const children = readFileSync(`/proc/${target.pid}/task/${target.pid}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
      target.child.removeAllListeners('exit')
      const gone = once(target.child, 'exit')
      target.child.kill('SIGKILL')
      for (const pid of children) process.kill(Number(pid), 'SIGKILL')
      await gone
    }
  })
})
