/** A second look at a heap that has not changed takes what the first has found, and one that has changed is read anew. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import type { EarlierScans } from '../../src/awaits/scan/settled-scan.js'
import { openMemoryTarget } from '../../src/capture/memory-target.js'
import { readAwaits } from '../../src/capture/read-awaits.js'
import type { AwaitTree } from '../../src/model/await.js'
import { createRedactor } from '../../src/redact/redactor.js'
import { startTicksOf } from '../support/await-target.js'
import { NODES } from '../support/nodes.js'

/** Stands still in a read of its stdin. Each line lets one more function wait: nothing else of it changes. */
const PROGRAM = `
  const { readSync, writeSync } = require('node:fs')
  const keep = []
  async function first() { await new Promise((resolve) => keep.push(resolve)) }
  async function later() { await new Promise((resolve) => keep.push(resolve)) }
  first()
  for (let i = 0; i < 8; i++) gc()
  const line = Buffer.alloc(64)
  setImmediate(() => {
    for (;;) {
      writeSync(1, 'READY\\n')
      readSync(0, line, 0, 64, null)
      later()
    }
  })
`

describe.each(NODES)('two looks on Node $major', ({ path: node }) => {
  it('find the same where nothing was written, and what is new where something was', async () => {
    const child = spawn(node, ['--expose-gc', '-e', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    try {
      await once(lines, 'line')
      const pid = child.pid ?? 0
      const target = { pid, startTicks: startTicksOf(pid), procRoot: `/proc/${pid}`, inside: false }
      const memory = openMemoryTarget(target)
      const earlier: EarlierScans = new Map()
      const look = (): AwaitTree => {
        memory.refresh()
        const deadlineMs = performance.now() + 60_000
        return readAwaits(memory, { target, deadlineMs, locals: false, redactor: createRedactor(), earlier })
      }
      const names = (tree: AwaitTree): string[] =>
        tree.awaits.flatMap((each) => Array.from({ length: each.count }, () => each.function ?? '')).toSorted()
      const first = look()
      expect(names(first)).toEqual(['first'])
      const [scan] = earlier.values()
      expect(scan?.scan.blocks.isKept).toBe(true)
      // Whoever answers a system call writes nothing into the heap.
      expect(look()).toEqual(first)
      expect([...earlier.values()]).toEqual([scan])
      child.stdin.write('x')
      await once(lines, 'line')
      expect(names(look())).toEqual(['first', 'later'])
      expect([...earlier.values()][0]).not.toBe(scan)
      memory.dispose()
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })
})
