/**
 * What moved between two looks, of one incident or of two: what was there, what is there, and what of it is the same. In one
 * process things are told by thread, line and address; between two, by function, file and peer, which outlive a restart
 * and a release.
 */
import type { AwaitNode } from '../../model/await.js'
import type { Evidence, Look } from '../../model/evidence.js'
import type { Frame } from '../../model/frame.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { IncidentManifest } from '../../model/incident.js'
import type { SocketState } from '../../model/socket.js'
import type { ThreadStack } from '../../model/thread.js'
import type { Verdict } from '../../model/verdict.js'
import { printable } from '../../model/printable.js'
import { frameLine } from '../places.js'
import { waitText } from '../wait/wait-text.js'

/** `same`: there in both, and nothing about it changed. */
export type Change = 'new' | 'gone' | 'changed' | 'same'

export interface DiffSide {
  readonly manifest: IncidentManifest
  readonly evidence: Evidence
  readonly look: Look
  /** From 1. */
  readonly number: number
}

/** `before` and `after` are null where there was none. */
export interface Changed<T> {
  readonly change: Change
  readonly before: T | null
  readonly after: T | null
}

export interface ThreadAt {
  readonly state: string
  /** Where its JavaScript stands, innermost first; empty: none. */
  readonly frames: readonly string[]
}

export interface ThreadDiff extends Changed<ThreadAt> {
  readonly thread: string
  /** CPU between the looks, ms; null between processes or where the kernel did not say. */
  readonly cpuMs: number | null
  readonly turns: number | null
}

export interface AwaitDiff extends Changed<{ readonly count: number; readonly waitsFor: string }> {
  readonly place: string
  readonly awaitedBy: readonly string[]
}

export interface SocketFacts {
  readonly count: number
  readonly states: readonly string[]
  readonly sendQueueBytes: number
  readonly receiveQueueBytes: number
}

export interface SocketDiff extends Changed<SocketFacts> {
  readonly socket: string
}

export interface ClockFacts {
  readonly ageMs: number
  readonly beats: number
  readonly inFlightMs: number | null
}

export interface ClockDiff extends Changed<ClockFacts> {
  readonly clock: string
  /** Between the looks; null between processes. */
  readonly beats: number | null
}

export interface DiffPoint {
  readonly incident: string
  readonly createdAt: string
  readonly pid: number
  readonly look: number
  readonly verdict: Pick<Verdict, 'kind' | 'cause' | 'confidence' | 'where'> | null
}

export interface IncidentDiff {
  readonly schema: 1
  readonly before: DiffPoint
  readonly after: DiffPoint
  /** From the one look to the other; negative when the first one named is the later one. */
  readonly apartMs: number
  readonly sameProcess: boolean
  /** Kind, cause and function are the same. */
  readonly sameVerdict: boolean
  readonly clocks: readonly ClockDiff[] | null
  readonly threads: readonly ThreadDiff[] | null
  readonly awaits: readonly AwaitDiff[] | null
  readonly sockets: readonly SocketDiff[] | null
}

export function compareLooks(before: DiffSide, after: DiffSide): IncidentDiff {
  const sameProcess = isSameProcess(before.manifest, after.manifest)
  const sameIncident = before.manifest.id === after.manifest.id
  return {
    schema: 1,
    before: pointOf(before),
    after: pointOf(after),
    apartMs: sameIncident
      ? after.look.takenAtMs - before.look.takenAtMs
      : Date.parse(after.manifest.createdAt) - Date.parse(before.manifest.createdAt),
    sameProcess,
    sameVerdict: verdictKey(before) === verdictKey(after),
    clocks: ifBoth(before.look.clocks, after.look.clocks, (a, b) => compareClocks(a, b, sameProcess)),
    threads: ifBoth(before.look.threads, after.look.threads, (a, b) =>
      compareThreads(a, b, before, after, sameProcess),
    ),
    awaits: ifBoth(before.look.awaits?.awaits, after.look.awaits?.awaits, (a, b) =>
      compareAwaits(a, b, before, after, sameProcess),
    ),
    sockets: ifBoth(before.look.kernel?.sockets, after.look.kernel?.sockets, (a, b) =>
      compareSockets(a, b, sameProcess),
    ),
  }
}

/** Null where one side has none, or what it has is not as it should be: a bundle may come from anywhere. */
function ifBoth<T, R>(a: T | null | undefined, b: T | null | undefined, compare: (a: T, b: T) => R): R | null {
  if (a === null || a === undefined || b === null || b === undefined) return null
  try {
    return compare(a, b)
  } catch {
    // `verify` says what is wrong with it.
    return null
  }
}

function isSameProcess({ process: a }: IncidentManifest, { process: b }: IncidentManifest): boolean {
  return a.pid === b.pid && a.hostname === b.hostname && a.startTime === b.startTime && a.startTicks === b.startTicks
}

function pointOf({ manifest, number }: DiffSide): DiffPoint {
  const [main] = manifest.verdicts
  const verdict =
    main === undefined ? null : { kind: main.kind, cause: main.cause, confidence: main.confidence, where: main.where }
  return { incident: manifest.id, createdAt: manifest.createdAt, pid: manifest.process.pid, look: number, verdict }
}

function verdictKey({ manifest }: DiffSide): string {
  const [main] = manifest.verdicts
  return main === undefined ? '' : `${main.kind}/${main.cause} ${main.where?.function ?? ''}`
}

/** Everything under its key, in the order of the later look, what is gone last. */
function pairUp<T, V>(
  before: readonly T[],
  after: readonly T[],
  keysOf: readonly [before: (each: T) => string, after: (each: T) => string],
  join: (all: readonly T[]) => V,
): [key: string, before: V | null, after: V | null][] {
  const old = group(before, keysOf[0])
  const now = group(after, keysOf[1])
  const keys = [...now.keys(), ...[...old.keys()].filter((key) => !now.has(key))]
  const joined = (all: readonly T[] | undefined): V | null => (all === undefined ? null : join(all))
  return keys.map((key) => [key, joined(old.get(key)), joined(now.get(key))])
}

function group<T>(all: readonly T[], keyOf: (each: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const each of all) {
    const key = keyOf(each)
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [each])
    else known.push(each)
  }
  return groups
}

function changeOf<T>(before: T | null, after: T | null, isSame: (a: T, b: T) => boolean): Change {
  if (before === null) return 'new'
  if (after === null) return 'gone'
  return isSame(before, after) ? 'same' : 'changed'
}

function compareClocks(before: readonly ClockReading[], after: readonly ClockReading[], same: boolean): ClockDiff[] {
  const byName = (clock: ClockReading): string => clock.name
  const pairs = pairUp(before, after, [byName, byName], ([first]) => clockFacts(first as ClockReading))
  return pairs.map(([clock, a, b]) => {
    const beats = same && a !== null && b !== null ? b.beats - a.beats : null
    // A clock that stands still only grows older.
    return { clock, beats, before: a, after: b, change: changeOf(a, b, () => beats === 0) }
  })
}

function clockFacts({ ageMs, beats, inFlightMs }: ClockReading): ClockFacts {
  return { ageMs, beats, inFlightMs }
}

function compareThreads(
  before: readonly ThreadStack[],
  after: readonly ThreadStack[],
  a: DiffSide,
  b: DiffSide,
  same: boolean,
): ThreadDiff[] {
  // Threads of another process have other numbers: by what they are for, in their order.
  const numbered = (all: readonly ThreadStack[]): ((thread: ThreadStack) => string) => {
    const seen = new Map<string, number>()
    const names = new Map(
      all.map((thread) => {
        const kind = threadName(thread)
        const nth = (seen.get(kind) ?? 0) + 1
        seen.set(kind, nth)
        return [thread, nth === 1 ? kind : `${kind} ${nth}`]
      }),
    )
    return (thread) => names.get(thread) ?? threadName(thread)
  }
  const byTid = (thread: ThreadStack): string => String(thread.tid)
  const keys: [typeof byTid, typeof byTid] = same ? [byTid, byTid] : [numbered(before), numbered(after)]
  return pairUp(before, after, keys, ([first]) => first as ThreadStack).map(([key, old, now]) => {
    const at = (thread: ThreadStack | null, side: DiffSide): ThreadAt | null =>
      thread && { state: printable(thread.state), frames: thread.frames.map((frame) => frameText(frame, side)) }
    const tid = (now ?? old)?.tid
    const both = same && old !== null && now !== null
    return {
      thread: same ? `${threadName((now ?? old) as ThreadStack)} (tid ${tid})` : key,
      change: changeOf(old, now, (x, y) => x.state === y.state && stackKey(x, a, same) === stackKey(y, b, same)),
      before: at(old, a),
      after: at(now, b),
      cpuMs: both && tid !== undefined ? difference(cpuOf(b.look, tid), cpuOf(a.look, tid)) : null,
      turns: both ? difference(now.loop?.turns, old.loop?.turns) : null,
    }
  })
}

function threadName({ role, name }: ThreadStack): string {
  return role === 'main' ? 'main thread' : role === 'unknown' ? name : `${role} ${name}`
}

function stackKey({ frames }: ThreadStack, side: DiffSide, same: boolean): string {
  return frames.map((frame) => placeKey(frame, side, same)).join('\n')
}

function cpuOf({ kernel }: Look, tid: number): number | null {
  const counters = kernel?.threads.find((thread) => thread.tid === tid)?.counters
  return counters === undefined ? null : (counters.onCpuMs ?? counters.userMs + counters.systemMs)
}

function difference(later: number | null | undefined, earlier: number | null | undefined): number | null {
  return typeof later === 'number' && typeof earlier === 'number' ? later - earlier : null
}

function compareAwaits(
  before: readonly AwaitNode[],
  after: readonly AwaitNode[],
  a: DiffSide,
  b: DiffSide,
  same: boolean,
): AwaitDiff[] {
  const keyAt =
    (side: DiffSide) =>
    (node: AwaitNode): string =>
      [node, ...node.awaitedBy].map((place) => placeKey(place, side, same)).join('\n')
  const texts = new Map<string, { place: string; awaitedBy: string[] }>()
  for (const [nodes, side] of [[before, a] as const, [after, b] as const]) {
    for (const node of nodes) {
      const awaitedBy = node.awaitedBy.map((frame) => frameText(frame, side))
      texts.set(keyAt(side)(node), { place: frameText(asFrame(node), side), awaitedBy })
    }
  }
  const pairs = pairUp(before, after, [keyAt(a), keyAt(b)], (nodes) => ({
    count: nodes.reduce((sum, node) => sum + node.count, 0),
    waitsFor: nodes[0]?.waitsFor ? waitText(nodes[0].waitsFor) : '',
    kind: nodes[0]?.waitsFor?.kind ?? null,
  }))
  return pairs.map(([key, old, now]) => ({
    place: texts.get(key)?.place ?? '',
    awaitedBy: texts.get(key)?.awaitedBy ?? [],
    change: changeOf(old, now, (x, y) => x.count === y.count && x.kind === y.kind),
    before: old && { count: old.count, waitsFor: old.waitsFor },
    after: now && { count: now.count, waitsFor: now.waitsFor },
  }))
}

type Place = Pick<Frame, 'function' | 'file' | 'line' | 'column'>

function asFrame(place: Place & Pick<Frame, 'source'>): Frame {
  const { function: name, file, line, column, source } = place
  return { function: name, file, line, column, tier: null, async: false, native: false, ...(source ? { source } : {}) }
}

function frameText(frame: Frame, { manifest }: DiffSide): string {
  return frameLine({ ...frame, async: false, tier: null }, manifest.process.cwd)
}

/** Lines move with each release: they count within one process, and for functions without a name. */
function placeKey({ function: name, file, line, column }: Place, { manifest }: DiffSide, same: boolean): string {
  const { cwd } = manifest.process
  const inside = cwd !== null && cwd !== '/' && file !== null && file.startsWith(`${cwd}/`)
  const where = inside && !same ? file.slice(cwd.length) : file
  return `${name ?? ''} ${where ?? ''}${same || name === null ? `:${line ?? ''}:${column ?? ''}` : ''}`
}

function compareSockets(before: readonly SocketState[], after: readonly SocketState[], same: boolean): SocketDiff[] {
  const keyOf = ({ family, local, peer }: SocketState): string => {
    if (peer === null) return `${family} ${local}`
    // The port on this side is another for each connection, and says nothing of another process.
    return same ? `${family} ${local} -> ${peer}` : `${family} -> ${peer}`
  }
  const sum = (all: readonly SocketState[], of: (each: SocketState) => number | null): number =>
    all.reduce((total, each) => total + (of(each) ?? 0), 0)
  const pairs = pairUp(before, after, [keyOf, keyOf], (all): SocketFacts => ({
    count: all.length,
    states: [...new Set(all.map((each) => each.state))].sort(),
    sendQueueBytes: sum(all, (each) => each.sendQueueBytes),
    receiveQueueBytes: sum(all, (each) => each.receiveQueueBytes),
  }))
  return pairs.map(([socket, a, b]) => ({
    socket,
    change: changeOf(a, b, (x, y) => JSON.stringify(x) === JSON.stringify(y)),
    before: a,
    after: b,
  }))
}
