/**
 * Awaits joined to what they wait for: a descriptor leads to its socket, a request to its place in the thread pool, and
 * the same await in several looks tells how long it has not moved.
 */
import type { AwaitNode, AwaitRoot, AwaitTree, WaitsFor } from '../model/await.js'
import type { Look } from '../model/evidence.js'
import type { Frame } from '../model/frame.js'
import { isConnected, isPooled } from '../model/wait.js'
import type { UnansweredRequest } from '../model/open-work.js'
import type { SocketState } from '../model/socket.js'
import { doubted } from '../report/wait/wait-words.js'
import { type PoolWaiter, withPoolWork } from './join-pool.js'

/** The looks with their await trees completed: sockets by descriptor, work of the thread pool, `looks` and `seenMs` by comparison. */
export function joinAwaits(looks: readonly Look[]): readonly Look[] {
  const seen = new Map<string, Sighting>()
  return looks.map((look) => {
    if (look.awaits === null) return look
    const here = new Set<string>()
    const awaits = look.awaits.awaits.map((node) => {
      const waiter = { places: [node, ...node.awaitedBy], tid: node.tid }
      const waitsFor = node.waitsFor === null ? null : joined(node.waitsFor, look, waiter)
      const key = placeKey(node)
      const before = seen.get(key)
      const socket = waitsFor?.local ?? null
      const same = before !== undefined && !isAnother(before.socket, socket, node.count)
      const known = same ? moreTelling(waitsFor, before.waitsFor, (waits) => joined(waits, look, waiter)) : waitsFor
      const now: Sighting = same
        ? { ...before, looks: before.looks + (here.has(key) ? 0 : 1), socket: socket ?? before.socket, waitsFor: known }
        : { firstMs: look.takenAtMs, looks: 1, socket, waitsFor }
      here.add(key)
      seen.set(key, now)
      const seenMs = now.looks > 1 ? Math.round(look.takenAtMs - now.firstMs) : null
      return { ...node, waitsFor: known, looks: now.looks, seenMs }
    })
    // Absent from one look means that it moved: a later one in the same place is another one.
    for (const key of seen.keys()) if (!here.has(key)) seen.delete(key)
    const tree: AwaitTree = {
      ...look.awaits,
      awaits,
      roots: look.awaits.roots.map((root) => joinedRoot(root, look, [])),
      ...(look.awaits.requests === undefined
        ? {}
        : { requests: look.awaits.requests.map((request) => withClient(request, look)) }),
    }
    return { ...look, awaits: tree }
  })
}

interface Sighting {
  readonly firstMs: number
  readonly looks: number
  readonly socket: string | null
  /** The most telling that any look had of it. */
  readonly waitsFor: WaitsFor | null
}

/**
 * A search that ran out of time, or under which the heap moved, tells less than an earlier one of the same await that
 * found something; sockets and thread pool are always those of the later look.
 */
function moreTelling(
  now: WaitsFor | null,
  before: WaitsFor | null,
  join: (waits: WaitsFor) => WaitsFor,
): WaitsFor | null {
  if (now?.cutShort !== true || before === null || before.kind === 'unknown' || before.kind === 'nothing') return now
  return { ...join(withoutPool(before)), ...(before.doubt === undefined ? doubted('earlier-look') : {}) }
}

function withoutPool(waits: WaitsFor): WaitsFor {
  if (!isPooled(waits)) return waits
  const { queued: _queued, tid: _tid, syscall: _syscall, ...rest } = waits
  return rest
}

/** The same place on another connection is another wait; of many in one place any may be the one that is shown. */
function isAnother(before: string | null, now: string | null, count: number): boolean {
  return count === 1 && before !== null && now !== null && before !== now
}

/** Same function, place and chain. Not what it waits for: a search may find that in one look and not in the next. */
function placeKey(node: AwaitNode): string {
  const frames = [node, ...node.awaitedBy].map((each: AwaitNode | Frame) =>
    [each.function, each.file, each.line, each.column].join(':'),
  )
  return `${frames.join('<')}|${node.tid ?? ''}`
}

function joined(waits: WaitsFor, look: Look, waiter: PoolWaiter): WaitsFor {
  return withPoolWork(withSocket(waits, look.kernel?.sockets ?? []), look.pool, waiter)
}

/** `above`: its awaiters, innermost first. */
function joinedRoot(root: AwaitRoot, look: Look, above: readonly AwaitRoot[]): AwaitRoot {
  const places = [root, ...above]
  return {
    ...root,
    awaiting: root.awaiting.map((each) => joinedRoot(each, look, places)),
    ...(root.waitsFor == null ? {} : { waitsFor: joined(root.waitsFor, look, { places }) }),
  }
}

/** The request is at least as old as the last byte of it that came. */
function withClient(request: UnansweredRequest, { kernel }: Look): UnansweredRequest {
  const socket = kernel?.sockets.find((each) => each.fd !== null && each.fd === request.fd)
  if (socket === undefined) return request
  return {
    ...request,
    state: socket.state,
    ...(socket.peer === null ? {} : { peer: socket.peer }),
    ...(socket.lastReceivedMs === null ? {} : { sinceMs: socket.lastReceivedMs }),
  }
}

function withSocket(waits: WaitsFor, sockets: readonly SocketState[]): WaitsFor {
  if (!isConnected(waits)) return waits
  const socket =
    waits.fd === undefined
      ? sockets.find((each) => waits.local !== undefined && each.local === waits.local && each.peer === waits.peer)
      : sockets.find((each) => each.fd === waits.fd)
  if (socket === undefined) return waits
  return {
    ...waits,
    ...(socket.peer === null ? {} : { peer: waits.peer ?? socket.peer }),
    local: waits.local ?? socket.local,
    state: socket.state,
    ...(socket.sendQueueBytes === null ? {} : { sendQueueBytes: socket.sendQueueBytes }),
    ...(socket.receiveQueueBytes === null ? {} : { receiveQueueBytes: socket.receiveQueueBytes }),
    retransmits: socket.retransmits,
    unacknowledged: socket.unacknowledged,
    ...sinceOf(waits, socket),
  }
}

/** The wait is as old as the last byte either way, when the engine has no better figure (TCP_INFO in-process). */
function sinceOf(waits: Pick<WaitsFor, 'sinceMs'>, socket: SocketState): { sinceMs?: number } {
  if (waits.sinceMs !== undefined) return { sinceMs: waits.sinceMs }
  if (socket.lastSentMs === null || socket.lastReceivedMs === null) return {}
  return { sinceMs: Math.min(socket.lastSentMs, socket.lastReceivedMs) }
}
