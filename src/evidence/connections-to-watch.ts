/**
 * Which connections are worth watching for some seconds: established, the worker's own, silent for long, while data went
 * out long after the last came. A slow server's looks like that once, when its connection had been idle before.
 */
import type { CapturedLook } from '../model/look.js'
import type { SocketState } from '../model/socket.js'

const MOST = 8
const SILENT_MS = 10_000
/** The last request was sent at least so long after the last answer. */
const APART_MS = 5_000

/** Of the last look. Pure. */
export function connectionsToWatch(looks: readonly CapturedLook[]): readonly SocketState[] {
  const kernel = looks.at(-1)?.kernel
  if (kernel?.status !== 'captured') return []
  const { sockets } = kernel.evidence
  const ports = new Set(sockets.filter(({ state }) => state === 'LISTEN').map(({ local }) => portOf(local)))
  return sockets.filter((socket) => isSuspect(socket) && !ports.has(portOf(socket.local))).slice(0, MOST)
}

function isSuspect({ fd, peer, family, state, receiveQueueBytes, lastReceivedMs, lastSentMs }: SocketState): boolean {
  if (fd === null || peer === null || !family.startsWith('tcp') || state !== 'ESTABLISHED') return false
  if (lastReceivedMs === null || lastSentMs === null || (receiveQueueBytes ?? 0) > 0) return false
  return lastReceivedMs >= SILENT_MS && lastReceivedMs - lastSentMs >= APART_MS
}

function portOf(address: string): string {
  return address.slice(address.lastIndexOf(':') + 1)
}
