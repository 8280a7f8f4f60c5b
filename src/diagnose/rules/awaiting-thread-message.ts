/** `awaiting/thread-message`: a message from a worker thread that is itself stuck, or that does not answer. */
import { placeText } from '../view/blame.js'
import { confidenceOf, strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import {
  capByAge,
  capByLooks,
  leafCandidate,
  leavesOf,
  loopIsAlive,
  PATIENCE_MS,
  type Leaf,
  type LeafVerdict,
} from '../view/leaf.js'
import { originOf } from '../../source/origin.js'
import { pointerTo } from '../view/pointers.js'
import { isInWorker, threadWaitsText } from '../view/thread-work.js'
import type { ThreadView, View } from '../view/view.js'
import { blockedIn } from './blocked-in-native.js'
import { computingIn } from './computing.js'

export function awaitingThreadMessage(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'thread-message')
    .map((leaf) => {
      const stuck = stuckThread(view, leaf)
      const works = stuck !== null && mayHaveAnswered(view, leaf, stuck)
      const signs: Sign[] = [strong('it waits for a message of a worker thread')]
      if (works) signs.push(weak('that thread runs JavaScript, and something woke the main thread meanwhile'))
      else if (stuck !== null)
        signs.push(strong(`that thread is stuck itself: ${stuck.verdict.kind}/${stuck.verdict.cause ?? ''}`))
      const candidate = leafCandidate(view, leaf, {
        cause: 'thread-message',
        waitsFor: fromText(view, leaf) + doingText(view, leaf, stuck, works),
        signs,
        ...capsOf(view, leaf, stuck, works),
        weight: stuck === null ? 20 : 50,
        refutedBy: 'The worker thread returning to its event loop.',
        nextStep:
          stuck === null
            ? isInWorker(view, leaf.node)
              ? 'Check what the other thread does before it answers (its awaits are in the list), and give the call a time-out.'
              : 'Check what that thread waits for (its awaits are in the list), and give the call a time-out.'
            : works
              ? LOOK_AGAIN
              : stuck.verdict.nextStep,
      })
      return stuck === null
        ? candidate
        : { ...candidate, evidence: [...candidate.evidence, ...pointerTo('threads', stuck.thread.index)] }
    })
}

/** A port of a worker's may lead anywhere. */
function fromText(view: View, { node, waits: { kind, tid, threadId } }: Leaf): string {
  if (kind === 'message-port' && isInWorker(view, node)) return 'a message from another thread'
  return `a message from worker thread ${tid ?? threadId ?? ''}`.trim()
}

function doingText(view: View, leaf: Leaf, stuck: StuckThread | null, works: boolean): string {
  if (stuck !== null)
    return works
      ? `, which runs ${stuckText(stuck)} and may answer between its jobs`
      : `, which is stuck: ${stuckText(stuck)}`
  const waits = threadWaitsText(view, threadOf(view, leaf))
  return waits === '' ? ', which says nothing' : `, where ${waits}`
}

/** Without its number, the only worker thread that there is. */
function threadOf(view: View, { node, waits: { tid } }: Leaf): number | undefined {
  if (tid !== undefined || isInWorker(view, node)) return tid
  return view.workers.length === 1 ? view.workers[0]?.tid : undefined
}

/** `onJob (its loop at worker.js:2) (computing/loop)` */
function stuckText({ verdict: { kind, cause, where } }: StuckThread): string {
  return `${placeText(where)} (${kind}/${cause ?? ''})`
}

const LOOK_AGAIN =
  'See whether answers still come, or whether the same job is under way in a minute: then look for a loop without an end in that function.'

type Caps = Pick<LeafVerdict, 'cap' | 'ranksAs'>

function capsOf(view: View, leaf: Leaf, stuck: StuckThread | null, works: boolean): Caps {
  if (stuck === null || isAtWork(stuck.thread)) return { cap: capByAge(view, leaf) }
  const byLooks = capByLooks(view, leaf)
  return works ? { cap: 'low', ranksAs: byLooks } : { cap: byLooks }
}

/**
 * A thread that is handed one job after the other never comes back to its loop: the messages that wait are taken in one turn,
 * and pools (piscina) wait for the next one without their loop. Each answer wakes the main thread, though. So one that slept
 * in its loop for long was given none, and one that was woken may have been. Where one call alone waits for a thread, the next
 * one comes when that is answered: in a turn of its own.
 */
function mayHaveAnswered(view: View, leaf: Leaf, { thread, verdict }: StuckThread): boolean {
  if (view.silent || verdict.kind !== 'computing' || isAtWork(thread)) return false
  // The pool noted when it gave the task to that thread, and has no answer to it.
  if (leaf.waits.kind === 'worker' && (leaf.waits.sinceMs ?? 0) >= PATIENCE_MS) return false
  const loop = view.main?.last.loop
  if (loop === undefined || (loop.pollingMs ?? 0) >= PATIENCE_MS) return false
  return callsOf(view, leaf) > 1 || runsForPool(thread)
}

/** Functions that wait for this thread. */
function callsOf(view: View, { waits: { tid, threadId } }: Leaf): number {
  return (view.last.awaits?.awaits ?? [])
    .filter(({ waitsFor }) => waitsFor?.kind === 'worker' && waitsFor.tid === tid && waitsFor.threadId === threadId)
    .reduce((sum, { count }) => sum + count, 0)
}

/** A package's code calls what it runs. */
function runsForPool({ scripts }: ThreadView): boolean {
  return scripts.some((frames) => frames.some(({ file }) => originOf(file) === 'dependency'))
}

/** Threads are there for what takes long: one that has not come back to its loop for seconds only does its job. */
function isAtWork({ last }: ThreadView): boolean {
  const stuckMs = last.loop?.stuckMs ?? null
  return stuckMs !== null && stuckMs < PATIENCE_MS
}

interface StuckThread {
  readonly thread: ThreadView
  readonly verdict: Candidate
}

function stuckThread(view: View, leaf: Leaf): StuckThread | null {
  const candidates = view.workers.filter(({ tid }) =>
    leaf.waits.tid === undefined ? tid !== leaf.node.tid : tid === leaf.waits.tid,
  )
  for (const thread of candidates) {
    const verdict = stuckVerdict(view, thread)
    if (verdict !== null) return { thread, verdict }
  }
  return null
}

/** What a worker thread's own stack says, when that is more than a guess. */
export function stuckVerdict(view: View, thread: ThreadView): Candidate | null {
  const verdicts = [...blockedIn(view, thread), ...computingIn(view, thread)]
  return verdicts.find((verdict) => confidenceOf(verdict.signs, verdict.cap) !== 'low') ?? null
}

/** Pools of threads let idle ones sleep in Atomics.wait until there is work: nothing of the application is on that stack. */
function isParked({ kind, cause, where }: Candidate): boolean {
  return kind === 'blocked-in-native' && cause === 'futex' && originOf(where?.file ?? null) !== 'user'
}

/** A worker thread that is stuck though nobody awaits it: told, but never before the main thread's own state. */
export function workerThreads(view: View): readonly Candidate[] {
  const awaited = new Set(leavesOf(view).flatMap((leaf) => (leaf.cause === 'thread-message' ? [leaf.waits.tid] : [])))
  return view.workers
    .filter((worker) => !awaited.has(worker.tid) && !awaited.has(undefined))
    .flatMap((worker) => {
      const verdict = stuckVerdict(view, worker)
      if (verdict === null) return []
      // A worker thread is there to compute: busy is its job, unless somebody waits for it.
      const signs = [...verdict.signs, weak('nothing that is seen waits for this thread')]
      return [{ ...verdict, signs, cap: 'low' as const, ...(isParked(verdict) ? { young: true } : {}) }]
    })
}
