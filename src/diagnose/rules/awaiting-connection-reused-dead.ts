/**
 * `awaiting/connection-reused-dead`: a kept connection whose every request times out, while new ones work. Needs the
 * clock's history, and a connection on which nothing came since the last answered poll. That a fresh connection is
 * answered makes it sure: without, a server that is down looks the same.
 */
import type { FreshConnection } from '../../model/evidence.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { Confidence } from '../../model/verdict.js'
import { placeText } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { isUnacknowledged, leafCandidate, loopIsAlive, pollsIn, type Leaf } from '../view/leaf.js'
import { plural, seconds } from '../view/phrases.js'
import type { View } from '../view/view.js'

const FAILURES = 2

export function awaitingConnectionReusedDead(view: View): readonly Candidate[] {
  const clock = failingClock(view)
  if (!loopIsAlive(view) || clock === null) return []
  return onePerServer(view).flatMap((leaf) => {
    const kept = isKept(view, leaf, clock)
    return kept === false ? [] : [candidate(view, clock, leaf, kept === true)]
  })
}

function failingClock(view: View): ClockReading | null {
  const fails = (clock: ClockReading): boolean => !clock.paused && clock.failuresInRow >= FAILURES
  if (view.clock !== null && fails(view.clock)) return view.clock
  return view.clocks.find(fails) ?? null
}

/** The last look may fall between two polls: the latest that has one in flight counts. */
function onePerServer(view: View): readonly Leaf[] {
  const found = new Map<string, Leaf>()
  for (const look of view.evidence.looks.toReversed()) {
    // The client's own functions wait for the same request: the one that leads to the poll loop says most.
    const polls = pollsIn(view, look).toSorted((a, b) => Number(leadsToPoll(b)) - Number(leadsToPoll(a)))
    for (const leaf of polls) {
      const peer = leaf.waits.peer ?? leaf.socket?.peer ?? ''
      if (!found.has(peer)) found.set(peer, leaf)
    }
  }
  return [...found.values()]
}

function leadsToPoll({ blame }: Leaf): boolean {
  return blame.chain.some((frame) => /poll/i.test(frame.function ?? ''))
}

/**
 * Whether the connection is older than the failures, and nothing came on it since: then one connection failed them all.
 * A younger one, or one that still brings data, means that polls fail on connections that work. Null: no figures.
 */
function isKept(view: View, { waits, socket }: Leaf, clock: ClockReading): boolean | null {
  if (isUnacknowledged(waits)) return true
  const found = silenceOn(view, waits.local ?? socket?.local)
  if (found === null || clock.lastSuccessMs === null) return null
  const lastSuccessMs = clock.lastSuccessMs - (view.last.takenAtMs - found.takenAtMs)
  // Both grow while a look is taken; a connection of the poll in flight is at most a third as old.
  return found.silentMs >= lastSuccessMs / 2
}

/** How long nothing came on a connection: of the latest look that has the figure. */
function silenceOn(view: View, local: string | undefined): { silentMs: number; takenAtMs: number } | null {
  for (const { kernel, takenAtMs } of view.evidence.looks.toReversed()) {
    const socket = kernel?.sockets.find((each) => each.local === local)
    if (socket?.lastReceivedMs != null) return { silentMs: socket.lastReceivedMs, takenAtMs }
  }
  return null
}

function candidate(view: View, clock: ClockReading, leaf: Leaf, kept: boolean): Candidate {
  const peer = leaf.waits.peer ?? leaf.socket?.peer ?? null
  const fresh = freshTo(view, peer)
  const failed = plural(clock.failuresInRow, 'poll')
  const signs: Sign[] = [strong(`${failed} of ${clock.name} failed in a row`)]
  if (kept) signs.push(strong(deadText(view, leaf)))
  if (fresh !== null) signs.push((fresh.answered ? strong : weak)(freshText(fresh)))
  if (clock.lastSuccessMs !== null) signs.push(weak(`the last answered poll was ${seconds(clock.lastSuccessMs)} ago`))
  const built = leafCandidate(view, leaf, {
    cause: 'connection-reused-dead',
    waitsFor: '',
    signs,
    cap: 'high',
    weight: 60,
    refutedBy:
      'A fresh connection from this machine on which a poll is not answered either: then the server or the path is down.',
    nextStep: `Restart the worker to get a fresh connection; set ${settingOf(clock)} or a short keep-alive, and ask what sits between (a proxy, NAT).`,
  })
  return {
    ...built,
    summary: `${placeText(leaf.blame.where)} waits for an answer on the kept connection to ${peer ?? 'the server'}, on which ${failed} in a row failed${fresh?.answered === true ? ' while a fresh connection is answered' : ''}.`,
    // A look before the last is not among the lists that pointers lead into.
    evidence: view.last.awaits?.awaits[leaf.index] === leaf.node ? built.evidence : [],
    signs,
    // The connection is to blame, not the code: that no frame is the user's makes it no less sure.
    cap: capOf(kept, fresh),
  }
}

/** Conductor's SDK has one of its own from 3.0 on. */
function settingOf({ name }: ClockReading): string {
  return name.startsWith('conductor:') ? 'CONDUCTOR_DISABLE_HTTP2=true (SDK 3 and later)' : 'allowH2: false'
}

/** A client that connects anew after each failure looks the same until the connection's age is known. */
function capOf(kept: boolean, fresh: FreshConnection | null): Confidence {
  if (!kept || fresh?.answered === false) return 'low'
  return fresh === null ? 'medium' : 'high'
}

function deadText(view: View, { waits, socket }: Leaf): string {
  if (isUnacknowledged(waits)) return 'what was sent on it is not acknowledged, and was sent again'
  return `nothing came on that connection for ${seconds(silenceOn(view, waits.local ?? socket?.local)?.silentMs ?? 0)}`
}

function freshTo(view: View, peer: string | null): FreshConnection | null {
  const tried = view.evidence.freshConnections ?? []
  return tried.find((each) => peer === null || each.peer === peer) ?? null
}

function freshText({ peer, answered, tookMs, status, error }: FreshConnection): string {
  if (!answered) return `a fresh connection to ${peer} was not answered${error === undefined ? '' : ` (${error})`}`
  return `a fresh connection to ${peer} was answered in ${seconds(tookMs)}${status === undefined ? '' : ` (status ${status})`}`
}
