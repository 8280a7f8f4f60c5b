/**
 * Which servers a fresh connection is worth trying on: those whose polls keep failing, and only at the very address
 * that the worker's own request went to. Nothing but HTTP polls is ever chosen: a database would count a connection
 * that says nothing against its host.
 */
import type { WaitsFor } from '../model/await.js'
import type { ConnectionToTry } from '../model/evidence.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { SocketState } from '../model/socket.js'
import type { CapturedLook } from '../model/look.js'
import { baseOf, onlyPeer, taskTypeOf } from './servers-to-ask.js'

const MAX_CONNECTIONS = 2
/** One failed poll is no reason for traffic of ours. */
const FAILURES = 2
/** As in `/api/tasks/poll/batch/TYPE`. */
const POLL_PATH = /\/poll(?:\/|$)/

/**
 * `looks` oldest first; the latest request to each server counts. A poll that ends and begins anew while it is read has no
 * address: then `configured` (CONDUCTOR_SERVER_URL) says where Conductor's polls go, and the one address at its port that
 * the worker has a connection to. Pure.
 */
export function connectionsToTry(
  looks: readonly CapturedLook[],
  configured: string | null = null,
): readonly ConnectionToTry[] {
  const failing = (looks.at(-1)?.clocks ?? []).filter(keepsFailing)
  if (failing.length === 0) return []
  const seen = pollsSeen(looks)
  return seen.length > 0 || configured === null ? seen : serverOf(failing, looks, configured)
}

function pollsSeen(looks: readonly CapturedLook[]): readonly ConnectionToTry[] {
  const found = new Map<string, ConnectionToTry>()
  for (const look of looks.toReversed()) {
    if (look.awaits?.status !== 'captured' || look.kernel?.status !== 'captured') continue
    const { sockets } = look.kernel.evidence
    for (const { waitsFor } of look.awaits.evidence.awaits) {
      const place = waitsFor === null ? null : placeOf(waitsFor, sockets)
      if (place !== null && !found.has(place.peer) && found.size < MAX_CONNECTIONS) found.set(place.peer, place)
    }
  }
  return [...found.values()]
}

function serverOf(
  failing: readonly ClockReading[],
  looks: readonly CapturedLook[],
  configured: string,
): readonly ConnectionToTry[] {
  const [taskType] = failing.flatMap(({ name }) => taskTypeOf(name) ?? [])
  const base = baseOf(configured)
  if (taskType === undefined || base === null) return []
  const url = new URL(`${base}/tasks/poll/batch/${encodeURIComponent(taskType)}`)
  const peer = onlyPeer(looks, url)
  return peer !== null && isDirect(url, peer) ? [{ peer, url: url.href }] : []
}

function keepsFailing(clock: ClockReading): boolean {
  return clock.kind === 'poll-loop' && !clock.paused && clock.failuresInRow >= FAILURES
}

function placeOf(waits: WaitsFor, sockets: readonly SocketState[]): ConnectionToTry | null {
  if (waits.kind !== 'http-request' && waits.kind !== 'http2-stream') return null
  const socket = sockets.find((each) => each.fd !== null && each.fd === waits.fd)
  const peer = waits.peer ?? socket?.peer ?? null
  if (waits.url === undefined || peer === null || !URL.canParse(waits.url)) return null
  const url = new URL(waits.url)
  return POLL_PATH.test(url.pathname) && isDirect(url, peer) ? { peer, url: waits.url } : null
}

/** Behind a forward proxy the peer is the proxy: it would have to be asked in its own way, with its credentials. */
function isDirect(url: URL, peer: string): boolean {
  const at = peer.lastIndexOf(':')
  const host = peer.slice(0, at)
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  if (peer.slice(at + 1) !== port) return false
  return !isAddress(url.hostname) || bare(url.hostname) === bare(host)
}

function isAddress(host: string): boolean {
  return host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host)
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '').replace(/^::ffff:(?=\d+\.)/, '')
}
