/**
 * Awaits joined to what they wait for: a descriptor leads to its socket, and the same await in several looks tells
 * how long it has not moved.
 */
import type { AwaitNode, AwaitRoot, AwaitTree, WaitsFor } from '../model/await.js'
import type { Look } from '../model/evidence.js'
import type { Frame } from '../model/frame.js'
import type { SocketState } from '../model/socket.js'

/** The looks with their await trees completed: sockets by descriptor, `looks` and `seenMs` by comparison. */
export function joinAwaits(looks: readonly Look[]): readonly Look[] {
  const seen = new Map<string, { firstMs: number; looks: number }>()
  return looks.map((look) => {
    if (look.awaits === null) return look
    const keys = new Set<string>()
    const awaits = look.awaits.awaits.map((node) => {
      const key = placeKey(node)
      const before = seen.get(key)
      const now = { firstMs: before?.firstMs ?? look.takenAtMs, looks: (before?.looks ?? 0) + (keys.has(key) ? 0 : 1) }
      keys.add(key)
      seen.set(key, now)
      return {
        ...node,
        waitsFor: node.waitsFor === null ? null : withSocket(node.waitsFor, look.kernel?.sockets ?? []),
        looks: now.looks,
        seenMs: now.looks > 1 ? Math.round(look.takenAtMs - now.firstMs) : null,
      }
    })
    // Absent from one look means that it moved: a later one in the same place is another one.
    for (const key of seen.keys()) if (!keys.has(key)) seen.delete(key)
    const sockets = look.kernel?.sockets ?? []
    const tree: AwaitTree = {
      ...look.awaits,
      awaits,
      roots: look.awaits.roots.map((root) => withSockets(root, sockets)),
    }
    return { ...look, awaits: tree }
  })
}

/** Same function, place, chain and kind of wait: alike for all that can be seen without a pause. */
export function placeKey(node: AwaitNode): string {
  const frames = [node, ...node.awaitedBy].map((each: AwaitNode | Frame) =>
    [each.function, each.file, each.line, each.column].join(':'),
  )
  return `${frames.join('<')}|${node.tid ?? ''}|${node.waitsFor?.kind ?? ''}|${node.waitsFor?.local ?? node.waitsFor?.fd ?? ''}`
}

function withSockets(root: AwaitRoot, sockets: readonly SocketState[]): AwaitRoot {
  return {
    ...root,
    awaiting: root.awaiting.map((each) => withSockets(each, sockets)),
    ...(root.waitsFor == null ? {} : { waitsFor: withSocket(root.waitsFor, sockets) }),
  }
}

function withSocket(waits: WaitsFor, sockets: readonly SocketState[]): WaitsFor {
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
    sendQueueBytes: socket.sendQueueBytes,
    receiveQueueBytes: socket.receiveQueueBytes,
    retransmits: socket.retransmits,
    unacknowledged: socket.unacknowledged,
    ...sinceOf(waits, socket),
  }
}

/** The wait is as old as the last byte either way, when the engine has no better figure (TCP_INFO in-process). */
function sinceOf(waits: WaitsFor, socket: SocketState): { sinceMs?: number } {
  if (waits.sinceMs !== undefined) return { sinceMs: waits.sinceMs }
  if (socket.lastSentMs === null || socket.lastReceivedMs === null) return {}
  return { sinceMs: Math.min(socket.lastSentMs, socket.lastReceivedMs) }
}
