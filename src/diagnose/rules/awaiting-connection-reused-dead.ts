/**
 * `awaiting/connection-reused-dead`: a kept connection whose every request times out, while new ones work. Needs the
 * clock's history, and a connection on which nothing came since the last answered poll. That a fresh connection is
 * answered makes it sure: without, a server that is down looks the same.
 */
import type { FreshConnection } from '../../model/evidence.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { Confidence } from '../../model/verdict.js'
import { blameAwait, placeText, type Blame } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { isUnacknowledged, leafCandidate, loopIsAlive, pollsIn, requestsIn, type Leaf } from '../view/leaf.js'
import { plural, seconds } from '../view/phrases.js'
import type { View } from '../view/view.js'

const FAILURES = 2

export function awaitingConnectionReusedDead(view: View): readonly Candidate[] {
  const clock = failingClock(view)
  if (!loopIsAlive(view) || clock === null || isKnownAlive(view)) return []
  const polls = onePerServer(view, pollsIn)
  if (polls.length === 0 && clock.kind === 'custom') return ofInstrumented(view, clock)
  const unseen = polls.some((leaf) => peerOf(leaf) !== null) ? [] : unseenPoll(view, clock)
  if (unseen.length > 0) return unseen
  return polls.flatMap((leaf) => {
    const kept = isKept(view, leaf, clock)
    return kept === false ? [] : [candidate(view, clock, leaf, kept === true)]
  })
}

/**
 * A loop of the application's own, whose calls need not be named polls: the requests of the process are its, where all of
 * them go to one server. Only a connection that is known to be as old as the failures counts.
 */
function ofInstrumented(view: View, clock: ClockReading): readonly Candidate[] {
  if (clock.inFlightMs === null) return []
  const [request, ...others] = onePerServer(view, requestsIn)
  if (request === undefined || others.length > 0 || isKept(view, request, clock) !== true) return []
  return [candidate(view, clock, request, true)]
}

/** It was asked itself, after an earlier capture of this silence. */
function isKnownAlive({ evidence }: View): boolean {
  return evidence.stall?.heal?.outcome === 'alive'
}

/**
 * The poll ended and began anew while it was read, or its connection could not be told: the settings then say which server
 * it goes to, a fresh connection to it is answered, and on all that the worker has to it nothing came since the last
 * answered poll. Without that answer nothing is claimed.
 */
function unseenPoll(view: View, clock: ClockReading): readonly Candidate[] {
  const fresh = view.evidence.freshConnections?.find(({ answered }) => answered)
  if (fresh === undefined || isSilentSince(view, clock, { peer: fresh.peer }) !== true) return []
  const { where, chain } = pollFunction(view)
  const silent = seconds(silenceOn(view, { peer: fresh.peer })?.silentMs ?? 0)
  return [
    {
      kind: 'awaiting',
      cause: 'connection-reused-dead',
      where,
      chain,
      summary: summaryOf(clock, where === null ? clock.name : placeText(where), fresh.peer, true),
      evidence: [],
      signs: signsOf(clock, `nothing came on any connection to it for ${silent}`, fresh),
      cap: 'high',
      weight: 60,
      refutedBy: REFUTED_BY,
      nextStep: nextStepOf(clock),
      ...onlyOneTo(view, fresh.peer),
    },
  ]
}

/** Of several connections nobody can say which one is dead. */
function onlyOneTo(view: View, peer: string): Pick<Candidate, 'connection'> {
  const [one, ...others] = (view.last.kernel?.sockets ?? []).filter((each) => each.peer === peer)
  return one === undefined || others.length > 0 ? {} : { connection: { local: one.local, peer } }
}

/** The function of the latest look that leads to the poll loop. */
function pollFunction(view: View): Pick<Blame, 'where' | 'chain'> {
  for (const { awaits } of view.evidence.looks.toReversed()) {
    for (const node of awaits?.awaits ?? []) {
      const blame = blameAwait(node)
      if (blame.where !== null && isPollChain(blame)) return blame
    }
  }
  return { where: null, chain: [] }
}

function failingClock(view: View): ClockReading | null {
  const fails = (clock: ClockReading): boolean => !clock.paused && clock.failuresInRow >= FAILURES
  if (view.clock !== null && fails(view.clock)) return view.clock
  return view.clocks.find(fails) ?? null
}

/** The last look may fall between two polls: the latest that has one in flight counts. */
function onePerServer(view: View, requests: typeof pollsIn): readonly Leaf[] {
  const found = new Map<string, Leaf>()
  for (const look of view.evidence.looks.toReversed()) {
    // The client's own functions wait for the same request: the one that leads to the poll loop says most.
    const polls = requests(view, look).toSorted((a, b) => Number(leadsToPoll(b)) - Number(leadsToPoll(a)))
    for (const leaf of polls) {
      const peer = leaf.waits.peer ?? leaf.socket?.peer ?? ''
      if (!found.has(peer)) found.set(peer, leaf)
    }
  }
  return [...found.values()]
}

function leadsToPoll({ blame }: Leaf): boolean {
  return isPollChain(blame)
}

function isPollChain({ chain }: Blame): boolean {
  return chain.some((frame) => /poll/i.test(frame.function ?? ''))
}

/**
 * Whether the connection is older than the failures, and nothing came on it since: then one connection failed them all.
 * A younger one, or one that still brings data, means that polls fail on connections that work. Null: no figures.
 */
function isKept(view: View, leaf: Leaf, clock: ClockReading): boolean | null {
  return isUnacknowledged(leaf.waits) ? true : isSilentSince(view, clock, connectionOf(leaf))
}

/** One connection by its own end, or all to one peer. */
interface Connections {
  readonly local?: string | undefined
  readonly peer?: string | undefined
}

function connectionOf({ waits, socket }: Leaf): Connections {
  return { local: waits.local ?? socket?.local }
}

function isSilentSince(view: View, clock: ClockReading, which: Connections): boolean | null {
  const found = silenceOn(view, which)
  if (found === null || clock.lastSuccessMs === null) return null
  const lastSuccessMs = clock.lastSuccessMs - (view.last.takenAtMs - found.takenAtMs)
  // Both grow while a look is taken; a connection of the poll in flight is at most a third as old.
  return found.silentMs >= lastSuccessMs / 2
}

/** How long nothing came: of the latest look that has the figure, and of several connections the one that heard last. */
function silenceOn(view: View, { local, peer }: Connections): { silentMs: number; takenAtMs: number } | null {
  for (const { kernel, takenAtMs } of view.evidence.looks.toReversed()) {
    const silences = (kernel?.sockets ?? [])
      .filter((each) => (local === undefined ? each.peer === peer && peer !== undefined : each.local === local))
      .map(({ lastReceivedMs }) => lastReceivedMs)
      .filter((silence) => silence !== null)
    if (silences.length > 0) return { silentMs: Math.min(...silences), takenAtMs }
  }
  return null
}

function candidate(view: View, clock: ClockReading, leaf: Leaf, kept: boolean): Candidate {
  const peer = peerOf(leaf)
  const fresh = freshTo(view, peer)
  const signs = signsOf(clock, kept ? deadText(view, leaf) : null, fresh)
  const built = leafCandidate(view, leaf, {
    cause: 'connection-reused-dead',
    waitsFor: '',
    signs,
    cap: 'high',
    weight: 60,
    refutedBy: REFUTED_BY,
    nextStep: nextStepOf(clock),
  })
  return {
    ...built,
    summary: summaryOf(clock, placeText(leaf.blame.where), peer ?? 'the server', fresh?.answered === true),
    // A look before the last is not among the lists that pointers lead into.
    evidence: view.last.awaits?.awaits[leaf.index] === leaf.node ? built.evidence : [],
    signs,
    ...endsOf(leaf),
    // The connection is to blame, not the code: that no frame is the user's makes it no less sure.
    cap: capOf(kept, fresh),
  }
}

function peerOf({ waits, socket }: Leaf): string | null {
  return waits.peer ?? socket?.peer ?? null
}

function endsOf(leaf: Leaf): Pick<Candidate, 'connection'> {
  const { local } = connectionOf(leaf)
  const peer = peerOf(leaf)
  return local === undefined || peer === null ? {} : { connection: { local, peer } }
}

const REFUTED_BY =
  'A fresh connection from this machine on which a poll is not answered either: then the server or the path is down.'

function nextStepOf(clock: ClockReading): string {
  return `Restart the worker to get a fresh connection; set ${settingOf(clock)} or a short keep-alive, and ask what sits between (a proxy, NAT).`
}

function summaryOf(clock: ClockReading, who: string, peer: string, answered: boolean): string {
  const failed = plural(clock.failuresInRow, 'poll')
  return `${who} waits for an answer on the kept connection to ${peer}, on which ${failed} in a row failed${answered ? ' while a fresh connection is answered' : ''}.`
}

/** `silence`: that nothing comes on the kept connection; null where that is not known. */
function signsOf(clock: ClockReading, silence: string | null, fresh: FreshConnection | null): readonly Sign[] {
  const signs = [strong(`${plural(clock.failuresInRow, 'poll')} of ${clock.name} failed in a row`)]
  if (silence !== null) signs.push(strong(silence))
  if (fresh !== null) signs.push((fresh.answered ? strong : weak)(freshText(fresh)))
  if (clock.lastSuccessMs !== null) signs.push(weak(`the last answered poll was ${seconds(clock.lastSuccessMs)} ago`))
  return signs
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

function deadText(view: View, leaf: Leaf): string {
  if (isUnacknowledged(leaf.waits)) return 'what was sent on it is not acknowledged, and was sent again'
  return `nothing came on that connection for ${seconds(silenceOn(view, connectionOf(leaf))?.silentMs ?? 0)}`
}

function freshTo(view: View, peer: string | null): FreshConnection | null {
  const tried = view.evidence.freshConnections ?? []
  return tried.find((each) => peer === null || each.peer === peer) ?? null
}

function freshText({ peer, answered, tookMs, status, error }: FreshConnection): string {
  if (!answered) return `a fresh connection to ${peer} was not answered${error === undefined ? '' : ` (${error})`}`
  return `a fresh connection to ${peer} was answered in ${seconds(tookMs)}${status === undefined ? '' : ` (status ${status})`}`
}
