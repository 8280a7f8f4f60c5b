/** `awaiting/unknown`: a wait that none of the other rules can name, or an idle loop under a silent clock. */
import type { Look } from '../../model/evidence.js'
import type { Confidence } from '../../model/verdict.js'
import { placeText } from '../view/blame.js'
import { turningOf, turningText } from '../view/turning.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByAge, leafCandidate, leavesOf, loopIsAlive, waitingOf, type Leaf } from '../view/leaf.js'
import { areAbandoned, openConnectionsText } from '../view/open-connections.js'
import { hasMovingTask } from '../view/tasks-of-clock.js'
import { unansweredOf, unansweredText, waitingText } from '../view/pending.js'
import { failedText, plural, seconds } from '../view/phrases.js'
import { originOf } from '../../source/origin.js'
import { pointerTo } from '../view/pointers.js'
import type { View } from '../view/view.js'

export function awaitingUnknown(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  const leaves = leavesOf(view)
  const named = leaves
    // Waiting for a signal is how programs wait for their end.
    .filter((leaf) => leaf.cause === 'unknown' && leaf.waits.event?.startsWith('SIG') !== true)
    .map((leaf) => {
      if (leaf.waits.kind === 'timer') return lookedFor(view, leaf)
      const open = openConnectionsText(view, leaf)
      const asked = open === null && leaf.waits.kind === 'emitter' ? besideRequest(view) : null
      const work = leaf.waits.why === 'native-code' ? workUnderWay(view) : null
      return leafCandidate(view, leaf, {
        cause: 'unknown',
        waitsFor:
          work !== null
            ? `work of a native module in the thread pool (pool thread ${work.tid}, ${work.doing} in every look)`
            : leaf.waits.kind === 'unknown' && leaf.waits.owner !== 'clock.timers'
              ? `something that was not found (${leaf.waits.summary})`
              : `${leaf.waits.summary}${open === null || open === '' ? '' : `: ${open}`}${asked === null ? '' : `. Meanwhile ${asked}`}`,
        signs: [
          work !== null
            ? strong('one pool thread runs work of a native module in every look')
            : open === null
              ? weak('nothing tells whether it will come')
              : strong('the server is closed, and its connections are open'),
        ],
        cap: capOf(view, leaf),
        weight: isPublished(leaf) ? 8 : 10,
        refutedBy: 'It coming.',
        nextStep: work !== null ? SEE_NATIVE : nextOf(leaf, open, asked),
      })
    })
  // Of no use beside an await that says more.
  return leaves.length > 0 ? named : bare(view)
}

/** A timer whose callback may settle it and has not: an interval, or one that sets the next timer. */
function lookedFor(view: View, leaf: Leaf): Candidate {
  const { repeats, afterMs } = leaf.waits
  return leafCandidate(view, leaf, {
    cause: 'unknown',
    waitsFor: `what ${repeats === true ? 'an interval' : 'a timer'} of ${seconds(afterMs ?? 0)} looks for again and again: it fired between the looks, and the same promise is still pending`,
    signs: [strong('its timer was set anew between the looks, and it awaits the same promise')],
    cap: capOf(view, leaf),
    weight: 10,
    refutedBy: 'It coming.',
    nextStep:
      'See what the callback of that timer tests, and what should make it true. Give the search an end: count the tries, or reject after a while.',
  })
}

/** Whoever shuts down waits a while for what is under way. */
function capOf(view: View, leaf: Leaf): Confidence {
  return view.silent || areAbandoned(view, leaf) || capByAge(view, leaf) === 'high' ? 'medium' : 'low'
}

function nextOf(leaf: Leaf, open: string | null, asked: string | null): string {
  if (leaf.waits.owner === 'clock.timers')
    return 'Take the fake clock away where it is left over (uninstall, useRealTimers), or let it tick.'
  if (asked !== null)
    return 'See what holds that request up (a body that is not read to its end, a handler that awaits), and whether the event is to come from it.'
  if (open !== null)
    return 'End them: server.closeIdleConnections() for idle ones of HTTP, closeAllConnections() or socket.destroy() after a grace.'
  return missable(leaf)
    ? `See what should emit ${leaf.waits.event}, and whether it did so before this function listened for it: listen first, then begin what brings it about. Give the wait a time-out.`
    : 'Find out what should settle this wait, and give it a time-out.'
}

/** What a client was subscribed to may rest for as long as nobody publishes: what else is waited for says more. */
function isPublished({ waits }: Leaf): boolean {
  return waits.kind === 'emitter' && waits.event !== undefined && PUBLISHED.test(waits.event)
}

/** An event of an emitter of JavaScript's own, which is lost on whoever listens too late. */
function missable(leaf: Leaf): boolean {
  const { kind, event, fd } = leaf.waits
  return kind === 'emitter' && event !== undefined && fd === undefined && !isPublished(leaf)
}

const PUBLISHED = /^(?:p?message|p?messageBuffer|notification)$/

const SEE_NATIVE =
  'See what that native module waits for there: a database that another process has locked, a file, a device. Give it a time-out, and look at who holds what it wants.'

/** The only work of a native module that the thread pool runs, for the main thread and on the same thread in all looks. */
function workUnderWay({ evidence, last, main }: View): { readonly tid: number; readonly doing: string } | null {
  const running = (last.pool?.running ?? []).filter(({ kind }) => kind === 'work')
  const [work] = running
  if (running.length !== 1 || work?.tid === undefined || work.askedByTid !== main?.tid) return null
  const same = evidence.looks.every(
    ({ pool }) => pool === null || pool.running.some(({ tid, kind }) => tid === work.tid && kind === 'work'),
  )
  if (!same) return null
  return {
    tid: work.tid,
    doing: work.syscall === undefined || work.syscall === 'running' ? 'computing' : (work.syscall.split('(')[0] ?? ''),
  }
}

/** A server that is to bring the event, and has a request that it does not get on with; null without any. */
function besideRequest(view: View): string | null {
  const requests = unansweredOf(view)
  const text = unansweredText(requests)
  if (text === null) return null
  const fds = new Set(requests.map(({ fd }) => fd))
  const unread = (look: Look): number =>
    (look.kernel?.sockets ?? [])
      .filter(({ fd }) => fd !== null && fds.has(fd))
      .reduce((sum, each) => sum + (each.receiveQueueBytes ?? 0), 0)
  const bytes = Math.min(unread(view.first), unread(view.last))
  return bytes > 0
    ? `${text}, and ${plural(bytes, 'byte')} of what it sends lie unread in this process's own socket`
    : text
}

function accountText(waiting: readonly Leaf[]): string {
  const [oldest] = waiting
  if (oldest === undefined) return ', and no suspended function accounts for it'
  const more = waiting.length > 1 ? `, and ${plural(waiting.length - 1, 'more function')} too` : ''
  return `. ${waitingText(oldest)}${more}: that alone explains no silence`
}

/** A delay of a library that began after the silence did: its next try. The application's own may be any other loop. */
function isSetInSilence({ clock }: View, { cause, waits, node }: Leaf): boolean {
  if (cause !== 'timer' || clock === null || waits.sinceMs === undefined) return false
  return waits.sinceMs < clock.ageMs && originOf(node.file) === 'dependency'
}

function retryingText(leaf: Leaf): string {
  return `${waitingText(leaf)}, after the silence began: a retry or a pause, which may end it`
}

function bare(view: View): Candidate[] {
  const { main } = view
  if (main === null || !main.idle || !view.silent || hasMovingTask(view)) return []
  const signs: Sign[] = [strong('the main thread waits for events, with no JavaScript on its stack')]
  if (view.silence !== null) signs.push(weak(view.silence))
  const known = view.last.awaits !== null
  const failed = view.clock === null ? null : failedText(view.clock)
  // Timers that are due soon are no stalls, and yet what some function waits for.
  const waiting = waitingOf(view)
  // In the same call in both looks it is no pause between two tries of something that is called anew.
  const [turning] = turningOf(view)
  const retrying = turning === undefined ? (waiting.find((leaf) => isSetInSilence(view, leaf)) ?? null) : null
  return [
    {
      kind: 'awaiting',
      cause: 'unknown',
      where: turning?.blame.where ?? null,
      chain: turning?.blame.chain ?? [],
      summary: `The event loop is idle while ${view.silence ?? 'the poll loop is silent'}${failed === null ? '' : ` (${failed})`}: ${
        turning !== undefined
          ? turningText(turning)
          : retrying !== null
            ? retryingText(retrying)
            : `something awaited never comes${known ? accountText(waiting) : ''}`
      }.`,
      evidence: pointerTo('threads', main.index),
      signs,
      cap: retrying === null ? 'medium' : 'low',
      weight: 0,
      refutedBy: 'An await in the await tree that explains the silence, or a beat.',
      nextStep:
        turning !== undefined
          ? `See what ${placeText(turning.blame.where)} looks for each time it wakes, and give the search an end.`
          : known
            ? 'Look at the list of awaits and sockets of this dump.'
            : 'Run conductor-diag dump PID as the same user or root, so that the await tree can be read.',
    },
  ]
}
