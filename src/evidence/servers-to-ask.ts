/**
 * Which Conductor server is worth asking about which task types: those of its pollers that are silent or get no answer,
 * at the address that CONDUCTOR_SERVER_URL says, else at the one of a poll that is in flight.
 */
import type { ClockReading } from '../model/heartbeat.js'
import type { CapturedLook } from '../model/look.js'
import type { ServerToAsk } from '../model/server-view.js'
import type { Stall } from '../model/stall.js'

const MAX_TYPES = 3
/** Younger, a poller is only between two polls. */
const QUIET_MS = 2000
const OF_CONDUCTOR = /^conductor:(.+?)(?: \(polls on the wire only\))?(?:#\d+)?$/
const POLL_PATH = /^(.*)\/tasks\/poll\//

/** Null: no poller of Conductor's is concerned, or no server is known. `looks` oldest first. Pure. */
export function serverToAsk(
  looks: readonly CapturedLook[],
  stall: Stall | null,
  configured: string | null,
): ServerToAsk | null {
  const clocks = (looks.at(-1)?.clocks ?? []).filter((clock) => clock.name === stall?.clock || isLate(clock))
  const ranked = clocks.toSorted((a, b) => Number(b.name === stall?.clock) - Number(a.name === stall?.clock))
  const taskTypes = [...new Set(ranked.flatMap(({ name }) => taskTypeOf(name) ?? []))].slice(0, MAX_TYPES)
  if (taskTypes.length === 0) return null
  const seen = pollInFlight(looks)
  const base = configured === null ? seen?.base : baseOf(configured)
  if (base === undefined || base === null) return null
  const peer = (seen?.base === base ? seen.peer : null) ?? certifiedPeer(looks, new URL(base))
  return { base, peer, taskTypes }
}

export function taskTypeOf(clock: string): string | null {
  return OF_CONDUCTOR.exec(clock)?.[1] ?? null
}

/** As the SDK reads it: with or without `/api` at its end. */
export function baseOf(url: string): string | null {
  if (!URL.canParse(url)) return null
  const { origin, pathname } = new URL(url)
  return origin === 'null' ? null : `${origin}${pathname.replace(/\/+$/, '').replace(/\/api$/, '')}/api`
}

function isLate(clock: ClockReading): boolean {
  if (clock.kind !== 'poll-loop' || clock.paused) return false
  return clock.ended || clock.ageMs > QUIET_MS || (clock.lastSuccessMs ?? 0) > QUIET_MS
}

/** Over TLS only, where a certificate says who it is before any credentials are sent. */
function certifiedPeer(looks: readonly CapturedLook[], url: URL): string | null {
  return url.protocol === 'https:' ? onlyPeer(looks, url) : null
}

/** The one address at the server's port that the worker has a connection to; null: none, or several. */
export function onlyPeer(looks: readonly CapturedLook[], { port, protocol }: URL): string | null {
  const wanted = `:${port !== '' ? port : protocol === 'https:' ? '443' : '80'}`
  const sockets = looks.flatMap(({ kernel }) => (kernel?.status === 'captured' ? kernel.evidence.sockets : []))
  const peers = new Set(sockets.flatMap(({ peer }) => (peer?.endsWith(wanted) === true ? [peer] : [])))
  const [peer = null] = peers
  return peers.size === 1 ? peer : null
}

function pollInFlight(looks: readonly CapturedLook[]): { base: string; peer: string | null } | null {
  for (const look of looks.toReversed()) {
    if (look.awaits?.status !== 'captured') continue
    for (const { waitsFor } of look.awaits.evidence.awaits) {
      if (waitsFor?.kind !== 'http-request' && waitsFor?.kind !== 'http2-stream') continue
      if (waitsFor.url === undefined || !URL.canParse(waitsFor.url)) continue
      const { origin, pathname } = new URL(waitsFor.url)
      const prefix = POLL_PATH.exec(pathname)?.[1]
      if (prefix === undefined) continue
      const sockets = look.kernel?.status === 'captured' ? look.kernel.evidence.sockets : []
      const socket = sockets.find((each) => each.fd !== null && each.fd === waitsFor.fd)
      return { base: `${origin}${prefix}`, peer: waitsFor.peer ?? socket?.peer ?? null }
    }
  }
  return null
}
