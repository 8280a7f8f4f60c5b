/** The await tree from a heap snapshot: right by itself, and the second opinion on what memory says. */
import { describe, expect, it } from 'vitest'
import type { AwaitNode, AwaitTree } from '../../src/model/await.js'
import { connectToSocket } from '../../src/inspector/connection/socket-connection.js'
import { sayWaits } from '../../src/report/wait/wait-words.js'
import { awaitsFromSnapshot, DEFAULT_SNAPSHOT_OPTIONS } from '../../src/inspector/heap/snapshot-awaits.js'
import { programFile } from '../support/await-oracle.js'
import { lookAtAwaits, startProgram, type AwaitTarget } from '../support/await-target.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

async function snapshotOf(target: AwaitTarget, maxHeapBytes: number): Promise<AwaitTree> {
  const url = /ws:\/\/\S+/.exec(target.errors())?.[0]
  if (url === undefined) throw new Error(`no debug port: ${target.errors()}`)
  const deadlineMs = performance.now() + 90_000
  const connection = await connectToSocket(url, deadlineMs)
  try {
    return sayWaits(await awaitsFromSnapshot(connection, { ...DEFAULT_SNAPSHOT_OPTIONS, maxHeapBytes, deadlineMs }))
  } finally {
    connection.disconnect()
  }
}

/** Place and chain; waits where both engines must agree. */
function lines(tree: AwaitTree): string[] {
  const frame = (each: { function: string | null; line: number | null; column: number | null }): string =>
    `${each.function}:${each.line}:${each.column}`
  const counts = new Map<string, number>()
  for (const node of tree.awaits) {
    // A generator between two values waits for nobody: the snapshot can't tell that it is suspended.
    if (node.waitsFor === null && node.kind !== 'async function') continue
    // Inferred names, which node's own anonymous functions have, are not in a snapshot.
    const chain = [node, ...node.awaitedBy].filter((each) => each.file?.startsWith('node:') !== true)
    if (chain.length === 0) continue
    const kind = node.kind === 'module' ? 'async function' : node.kind
    const key = `${kind} ${chain.map((each) => frame(each)).join(' < ')}`
    counts.set(key, (counts.get(key) ?? 0) + node.count)
  }
  return [...counts].map(([key, count]) => `${count} x ${key}`).toSorted((a, b) => a.localeCompare(b))
}

/** What a leaf waits for, by its place: kinds that need the mention rule (a lock or a resource behind it) left out. */
function leafKinds(tree: AwaitTree): Map<string, string> {
  const telling = tree.awaits.filter(
    (node) => node.waitsFor !== null && ['timer', 'emitter', 'nothing'].includes(node.waitsFor.kind),
  )
  const key = (node: AwaitNode): string =>
    `${node.function}:${node.line}:${node.awaitedBy.map((each) => each.function).join('<')}`
  return new Map(telling.map((node) => [key(node), node.waitsFor?.kind ?? '']))
}

describe.each(NODES)('awaits from a heap snapshot on Node $major', (node) => {
  it('agree with those read from memory, place by place and chain by chain', async () => {
    const target = await startProgram(node, programFile(PROGRAMS, 'patterns.mjs'), [], {
      nodeArgs: ['--inspect=127.0.0.1:0'],
    })
    try {
      const memory = lookAtAwaits(target.pid)
      const snapshot = await snapshotOf(target, 100 << 20)
      expect(snapshot.engine).toBe('heap-snapshot')
      expect(snapshot.pausedMs).toBeGreaterThan(0)
      expect(lines(snapshot)).toEqual(lines(memory))
      const byMemory = leafKinds(memory)
      const bySnapshot = leafKinds(snapshot)
      expect(byMemory.size).toBeGreaterThan(20)
      for (const [place, kind] of byMemory) expect([place, bySnapshot.get(place)]).toEqual([place, kind])
    } finally {
      await target.end()
    }
  })

  it('are refused above the heap size that was set', async () => {
    const target = await startProgram(node, programFile(PROGRAMS, 'forgotten.mjs'), [], {
      nodeArgs: ['--inspect=127.0.0.1:0'],
    })
    try {
      await expect(snapshotOf(target, 1_000)).rejects.toMatchObject({ code: 'ERR_STALL_LIMIT' })
    } finally {
      await target.end()
    }
  })
})
