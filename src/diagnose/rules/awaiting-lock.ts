/**
 * `awaiting/lock`: resolvers are held in a queue of the user's. A cycle between holders is a deadlock; a holder that is
 * itself parked elsewhere is the cause, and gets its own verdict before this one. Any array of resolvers looks like a
 * lock: without a holder that was found, only names and clocks tell it from a queue that waits for work.
 */
import type { WaitHolder, WaitsFor } from '../../model/await.js'
import type { LockCallback } from '../../model/wait.js'
import type { Confidence } from '../../model/verdict.js'
import { linkText } from '../../report/wait/wait-summary.js'
import { RANK, strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByLooks, FAR_TIMER_MS, leafCandidate, leavesOf, loopIsAlive, waitingOf, type Leaf } from '../view/leaf.js'
import { holderAbove, isServed, mutualWaits, passesPool } from '../view/lock-cycle.js'
import { fileLine, holderText, isLockByName, queueName } from '../view/queue-words.js'
import type { View } from '../view/view.js'
import { wentOnFrom } from '../view/went-on.js'

export function awaitingLock(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  const leaves = leavesOf(view)
  const waits = waitingOf(view)
  const elsewhere = leaves.some((leaf) => leaf.cause !== 'lock' && leaf.cause !== 'unknown')
  return leaves
    .filter((leaf) => leaf.cause === 'lock' && !passesPool(leaf, leaves))
    .map((leaf) => {
      const deadlock = leaf.waits.links ?? []
      const cyclic = deadlock.length > 0
      const itself = leaf.waits.reentrant === true
      const mutual = cyclic ? [] : mutualWaits(leaf, leaves)
      const together = cyclic || mutual.length > 0
      const wentOn = wentOnFrom(view, leaf.node) === 'gone'
      return leafCandidate(view, leaf, {
        cause: 'lock',
        waitsFor: itself
          ? itselfText(leaf)
          : cyclic
            ? `a lock in a deadlock: ${deadlock.map(linkText).join(' -> ')}`
            : mutual.length > 0
              ? `${queueName(leaf.waits)} in what looks like a deadlock: ${mutualText(mutual)}`
              : `${queueName(leaf.waits)}${holdersText(leaf)}`,
        signs: [
          ...signsOf(leaf, cyclic),
          ...(mutual.length > 0 ? [strong(MUTUAL)] : []),
          ...(wentOn ? [weak(WENT_ON)] : []),
        ],
        cap: wentOn && !view.silent ? 'low' : capOf(view, leaf, waits, cyclic, mutual.length > 0),
        needsNoCpu: cyclic,
        weight: together ? 55 - (itself && isItsHolder(leaf) ? 2 : 0) : elsewhere ? 5 : isAwaited(leaf) ? 36 : 35,
        refutedBy: together ? 'One of them moving in a later look.' : 'A queue that shrinks between two looks.',
        nextStep: itself ? (leaf.waits.keyed === true ? NOT_CROSSED : NOT_INSIDE) : nextOf(leaf, together),
      })
    })
}

const NOT_INSIDE =
  'Do not use this limiter or lock inside a task that holds a turn of it: call the inner work directly, or give it a limiter of its own.'

const NOT_CROSSED =
  'Take the locks of several keys in one order everywhere (sorted, say), and under a lock never await what takes the lock of the same key.'

/** `its turn in the queue limit, in a deadlock with itself: bake (w.mjs:22) holds a turn and ends only after this`. */
function itselfText({ waits }: Leaf): string {
  const holders = (waits.holders ?? []).slice(0, 3).map(holderText)
  return `its turn in ${queueName(waits)}, in a deadlock with itself: ${holders.join(', ')} ${holders.length > 1 ? 'hold its turns and end' : 'holds a turn and ends'} only when this wait is over`
}

/** Who holds a turn waits too, but the one behind whom it waits stands nearer to what is to be changed. */
function isItsHolder({ node, waits }: Leaf): boolean {
  return (waits.holders ?? []).some((holder) => holder.file === node.file && holder.line === node.line)
}

/** Of several in one queue, one for which somebody waits leads to the code that is stuck; another may be the queue's own. */
function isAwaited({ node }: Leaf): boolean {
  return node.awaitedBy.length > 0
}

const MUTUAL = 'each of them is parked on what the next one mentions, round to the first'

const WENT_ON = 'a call that waited there in an earlier look does not any more: it lets some through, or they give up'

/** `the lock audit is used by report (a.js:6), and the lock costMeter is used by transfer (a.js:5)`. */
function mutualText(cycle: readonly Leaf[]): string {
  return cycle.map((leaf) => `${queueName(leaf.waits)} is used by ${holderText(holderIn(leaf, cycle))}`).join(', and ')
}

/** Which of the possible holders the cycle goes on with. */
function holderIn(leaf: Leaf, cycle: readonly Leaf[]): WaitHolder {
  const next = cycle[(cycle.indexOf(leaf) + 1) % cycle.length] ?? leaf
  return holderAbove(leaf, next) ?? next.node
}

/** Holders that were found hold it; those that only mention it, and names, make it likely. */
function capOf(view: View, leaf: Leaf, waits: readonly Leaf[], cyclic: boolean, mutual: boolean): Confidence {
  if (cyclic && leaf.waits.reentrant === true && leaf.waits.doubt !== undefined) return 'medium'
  if (cyclic) return leaf.node.doubtful === true ? 'low' : 'high'
  const cap = capByLooks(view, leaf)
  if (!view.silent && (isServed(leaf, waits) || (!mutual && isTimed(leaf)))) return 'low'
  // Whatever fills it again (an interval, a call) is seen by nobody.
  if (!view.silent && leaf.waits.spent === true) return 'low'
  if (isHeld(leaf)) return isHeldInQueue(view, leaf, waits) ? 'low' : cap
  const most =
    mutual || view.silent || leaf.waits.paused === true || (isLockByName(leaf.waits) && leaf.waits.doubt === undefined)
      ? 'medium'
      : 'low'
  return RANK[cap] <= RANK[most] ? cap : most
}

/**
 * Each holder waits for its turn in another queue, which nobody was found to hold, and which is no lock by its names: how likely that
 * one stands still is how likely this one does.
 */
function isHeldInQueue(view: View, leaf: Leaf, waits: readonly Leaf[]): boolean {
  if (view.silent) return false
  return (leaf.waits.holders ?? []).every((holder) => {
    const parked = waits.filter(
      (each) => each !== leaf && holderAbove({ ...leaf, waits: { ...leaf.waits, holders: [holder] } }, each),
    )
    return parked.length > 0 && parked.every((each) => isGuess(view, each, waits))
  })
}

function isGuess(view: View, leaf: Leaf, waits: readonly Leaf[]): boolean {
  if (leaf.cause !== 'lock' || isHeld(leaf) || (leaf.waits.links ?? []).length > 0) return false
  return capOf(view, leaf, waits, false, mutualWaits(leaf, waits).length > 0) === 'low'
}

/** Its own code has a timer due soon that reaches it: a limiter that lets one through every so often. */
function isTimed({ waits: { guard } }: Leaf): boolean {
  return guard?.dueInMs !== undefined && guard.dueInMs >= 0 && guard.dueInMs < FAR_TIMER_MS
}

function isHeld({ waits }: Leaf): boolean {
  return (waits.holders ?? []).length > 0 && waits.doubt === undefined
}

function holdersText({ waits }: Leaf): string {
  if (waits.paused === true) return ', which is paused: nothing is taken out of it until somebody starts it again'
  if (waits.spent === true)
    return ', whose budget (its reservoir) is used up: nothing is taken out of it until it is filled again'
  const names = (waits.holders ?? []).slice(0, 3).map(holderText)
  if (names.length > 0 && waits.doubt === undefined) return `, held by ${names.join(', ')}`
  if (names.length > 0) return `, perhaps held by ${names.join(', ')}, whose code mentions it`
  if (waits.callbacks !== undefined) return `, which ${waits.callbacks.map(callbackText).join(', ')} is to give back`
  if (waits.left !== undefined) return `, which no suspended function holds any more: ${leftText(waits.left)}`
  return isLockByName(waits)
    ? ', which no suspended function was found to hold: a callback may have it, or it was never released'
    : ': what would take it out of there was not found'
}

/** `onStored (a.js:11), a callback for event stored of EventEmitter,`. */
function callbackText(callback: LockCallback): string {
  return `${holderText(callback)}, a callback ${callerText(callback)},`
}

function callerText({ of, event }: LockCallback): string {
  return of === 'Timeout' ? 'of a timer' : event === undefined ? `of ${of}` : `for event ${event} of ${of}`
}

/** `query leaves without giving it back at the return in a.js:11`. */
function leftText(left: NonNullable<WaitsFor['left']>): string {
  const { function: name, word } = left
  const at = word === 'error' ? 'when what it awaits there fails' : `by the ${word} there`
  return `${name ?? 'an anonymous function'} leaves without giving it back ${at} (${fileLine(left)})`
}

function signsOf({ waits }: Leaf, cyclic: boolean): Sign[] {
  const signs: Sign[] = []
  if (waits.left !== undefined)
    signs.push(weak(`the code that takes it can leave without giving it back (${fileLine(waits.left)})`))
  const where = `its resolver is in ${queueName(waits)}`
  // In a plain array of resolvers a consumer waits for work as well.
  if (waits.parts !== undefined) signs.push((cyclic || isLockByName(waits) ? strong : weak)(where))
  else if (waits.owner !== undefined) signs.push(weak(where))
  if (waits.callbacks !== undefined) signs.push(strong('callbacks that are to give it back are waiting to be called'))
  if (waits.paused === true) signs.push(strong('it says of itself that it is paused'))
  if (waits.spent === true) signs.push(strong('its reservoir is at 0'))
  if (cyclic)
    signs.push(
      strong(
        waits.reentrant === true
          ? 'whoever holds its turns waits, through its own awaits, in the same queue'
          : 'the holders wait for each other',
      ),
    )
  else if ((waits.holders ?? []).length > 0) {
    if (waits.doubt === undefined) signs.push(strong('suspended functions hold what leads to it'))
    else signs.push(weak(waits.doubt))
  }
  return signs
}

function nextOf(leaf: Leaf, cyclic: boolean): string {
  if (cyclic) return 'Take both locks in one order everywhere, or take them with a time-out.'
  const { left, paused, callbacks } = leaf.waits
  if (paused === true) return 'Start it again (start() or resume()), and find the path that pauses it and does not.'
  if (leaf.waits.spent === true)
    return 'Find out what fills its reservoir again (reservoirRefreshInterval, incrementReservoir()), and when: until then nothing of it starts.'
  const [callback] = callbacks ?? []
  if (callback !== undefined)
    return `Find out why ${holderText(callback)} is not called, ${callerText(callback)}: until then the turn is taken. Give what it waits for a time-out.`
  if (left !== undefined)
    return `Give it back in a finally block of ${left.function ?? 'that function'} (${fileLine(left)}): each time it leaves there, one turn is lost until a restart.`
  const [holder] = leaf.waits.holders ?? []
  if (holder !== undefined && isHeld(leaf))
    return `See what ${holderText(holder)} waits for: the lock is free when that goes on. If it does not have it any more, find the path that takes it and does not release it.`
  if (isLockByName(leaf.waits))
    return 'Find who has it: a task whose callback or promise never comes, or a path that takes it and does not release it (an early return or throw without finally).'
  return 'Find what should call the resolvers of this queue (a release, or a producer of work), and whether it still can.'
}
