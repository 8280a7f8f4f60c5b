/** Objects of the web platform on real processes: each is named by what the program itself calls it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectToSocket } from '../../src/inspector/connection/socket-connection.js'
import { sayWaits } from '../../src/report/wait/wait-words.js'
import { awaitsFromSnapshot, DEFAULT_SNAPSHOT_OPTIONS } from '../../src/inspector/heap/snapshot-awaits.js'
import type { AwaitTree } from '../../src/model/await.js'
import type { WaitsFor } from '../../src/model/wait.js'
import { programFile } from '../support/await-oracle.js'
import { lookAtAwaits, startProgram, type AwaitTarget } from '../support/await-target.js'
import { NODES, PROGRAMS } from '../support/nodes.js'

function waitOf(tree: AwaitTree, name: string): WaitsFor | null | undefined {
  return tree.awaits.find((node) => node.function === name)?.waitsFor
}

describe.each(NODES)('objects of the web on Node $major', (node) => {
  let target: AwaitTarget
  let memory: AwaitTree
  let snapshot: AwaitTree

  beforeAll(async () => {
    target = await startProgram(node, programFile(PROGRAMS, 'web-objects.mjs'), [], {
      nodeArgs: ['--inspect=127.0.0.1:0'],
    })
    memory = lookAtAwaits(target.pid)
    const url = /ws:\/\/\S+/.exec(target.errors())?.[0] ?? ''
    const deadlineMs = performance.now() + 90_000
    const connection = await connectToSocket(url, deadlineMs)
    const options = { ...DEFAULT_SNAPSHOT_OPTIONS, maxHeapBytes: 100 << 20, deadlineMs }
    snapshot = sayWaits(await awaitsFromSnapshot(connection, options).finally(() => connection.disconnect()))
  })

  afterAll(async () => {
    await target.end()
  })

  it.runIf(node.major >= 22)('names a WebSocket by its address without the query, and its connection', () => {
    const wait = waitOf(memory, 'awaitMessage')
    expect(wait).toMatchObject({ kind: 'socket', owner: 'WebSocket', fd: expect.any(Number) })
    expect(wait?.summary).toMatch(/^WebSocket ws:\/\/127\.0\.0\.1:\d+\/feed$/)
    expect(waitOf(snapshot, 'awaitMessage')).toMatchObject({ kind: 'socket', summary: wait?.summary })
  })

  it('names a BroadcastChannel by its name', () => {
    const channel = { kind: 'message-port', summary: 'BroadcastChannel orders', owner: 'BroadcastChannel' }
    expect(waitOf(memory, 'awaitChannel')).toMatchObject(channel)
    expect(waitOf(snapshot, 'awaitChannel')).toMatchObject(channel)
  })

  it.runIf(node.major >= 24)('names a lock of navigator.locks that is waited for, and who runs under it', () => {
    const lock = { kind: 'lock', owner: 'navigator.locks', name: 'orders', mode: 'shared' }
    const pending = (tree: AwaitTree) =>
      tree.awaits.find(
        (at) => at.function === 'request' && at.awaitedBy.some(({ function: by }) => by === 'awaitOrders'),
      )
    expect(pending(memory)?.waitsFor).toMatchObject({ ...lock, holders: [{ function: 'holdOrders' }] })
    expect(pending(memory)?.waitsFor?.summary).toMatch(
      /^the lock orders of navigator\.locks \(shared\), held by holdOrders/,
    )
    expect(pending(snapshot)?.waitsFor).toMatchObject(lock)
  })

  it.runIf(node.major >= 24)(
    'tells a lock that is asked for by what runs under it from one that somebody else has',
    () => {
      const inside = memory.awaits.find(
        (at) => at.function === 'request' && at.awaitedBy.some(({ function: by }) => by === 'postEntry'),
      )
      expect(inside?.waitsFor).toMatchObject({ name: 'ledger', reentrant: true, links: [{ function: 'bookEntry' }] })
      expect(inside?.waitsFor?.summary).toMatch(/^a queue that is used inside itself: bookEntry/)
    },
  )

  it.runIf(node.major >= 24)('calls a request that was granted no wait for a lock', () => {
    for (const tree of [memory, snapshot]) {
      const granted = tree.awaits.find((at) => at.function === 'request' && at.awaitedBy.length === 0)
      expect(granted?.waitsFor).toMatchObject({ kind: 'await', until: 'lock-released' })
    }
  })

  it('takes no other class of that name for one', () => {
    expect(waitOf(memory, 'awaitTick')).toMatchObject({ kind: 'timer' })
  })
})
