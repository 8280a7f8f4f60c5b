/**
 * Functions that woke and wait again in the same call, while those who wait for their end did not move. What looks for
 * something again and again gets on only when it finds it: that it turns proves nothing.
 */
import type { AwaitNode, AwaitTree, WaitsFor } from '../../model/await.js'
import type { Look } from '../../model/evidence.js'
import { blameAwait, frameOf, placeText, type Blame } from './blame.js'
import { seconds } from './phrases.js'
import { keyOf, standingAt, standingWith } from './places.js'
import type { View } from './view.js'

export interface Turning {
  readonly node: AwaitNode
  /** In the last look's awaits. */
  readonly index: number
  readonly blame: Blame
}

/** Those of the user's code; only where there are none, those that packages have by themselves. */
export function turningOf(view: View): readonly Turning[] {
  const all = (view.last.awaits?.awaits ?? []).flatMap((node, index) => {
    const blame = isTurning(view, node) ? blameAwait(node) : null
    return blame === null || blame.where === null ? [] : [{ node, index, blame }]
  })
  const own = all.filter(({ blame }) => blame.origin === 'user')
  return own.length > 0 ? own : all
}

/** `whenElected (leader.js:4) wakes by a timer of 50 ms and waits again, and execute, which waits for its end, has not moved`. */
export function turningText({ blame, node }: Turning): string {
  const { waitsFor } = node
  const every = waitsFor?.kind === 'timer' && waitsFor.afterMs !== undefined ? seconds(waitsFor.afterMs) : null
  const { where } = blame
  const further = [frameOf(node), ...node.awaitedBy]
  const [caller] = further.slice(
    further.findIndex(({ file, line }) => file === where?.file && line === where?.line) + 1,
  )
  return `${placeText(blame.where)} wakes${every === null ? '' : ` by a timer of ${every}`} and waits again, and ${caller?.function ?? 'who calls it'}, which waits for its end, has not moved`
}

export function isTurning(view: View, node: AwaitNode): boolean {
  return callOf(view, node) === 'same'
}

/**
 * Of a single function that waits for a timer, or was being resumed; also where that is so of another one that is to settle what
 * it waits for.
 */
export function callNumber({ calls, count, waitsFor }: AwaitNode): number | undefined {
  const wakes = waitsFor === null || waitsFor.kind === 'timer' || waitsFor.changed === true || isSettledBy(waitsFor)
  return count === 1 && wakes ? calls?.[0] : undefined
}

/** For what another function does in time, not for its end. */
export function isSettledBy({ kind, until }: WaitsFor): boolean {
  return kind === 'await' && until === 'settled'
}

type CallOf = 'same' | 'other' | 'unclear' | 'not-woken'

/**
 * Whether a function that woke since the first look is in the call that it was in: `other` where it is called again and
 * again. `unclear` after a collection, which moves things: the same number may be another call then, and another one the
 * same; and where the looks with that number's meaning came upon it between two waits, so that they do not have it.
 */
export function callOf(view: View, node: AwaitNode): CallOf {
  const { first, last } = view
  if (first === last || !hasWoken(view, node, first)) return 'not-woken'
  // A collection hides whether what a callback settles is still the same promise.
  if (isByCallback(node) && uncollectedLooks(view).length === 0) return 'unclear'
  // What nobody waits for is a loop of its own, and gets on by waking.
  const own = callNumber(node)
  if (own === undefined || (node.awaitedBy.length === 0 && !isWaitedFor(last, node))) return 'other'
  const earlier = uncollectedLooks(view).filter((look) => hasWoken(view, node, look))
  if (earlier.length === 0) return 'unclear'
  const numbers = earlier.flatMap((look) => numbersIn(look, node))
  if (numbers.includes(own)) return 'same'
  return numbers.length === 0 && earlier.some(({ awaits }) => betweenIn(awaits, keyOf(node)) > 0) ? 'unclear' : 'other'
}

/** Somebody waits for what it is to settle, though not for its end: `new Promise((resolve) => { void look(resolve) })`. */
function isWaitedFor({ awaits }: Look, node: AwaitNode): boolean {
  return (awaits?.awaits ?? []).some(({ waitsFor }) =>
    (waitsFor?.through ?? []).some(
      (each) => typeof each !== 'string' && each.file === node.file && each.line === node.line && each.file !== null,
    ),
  )
}

/** The earliest look since which nothing was collected: a number of a call is the same call's in it and in the last one. */
export function uncollectedSince(view: View): Look | null {
  return uncollectedLooks(view)[0] ?? null
}

/** Earlier looks since which nothing was collected. */
export function uncollectedLooks({ evidence, last }: View): readonly Look[] {
  const collections = last.awaits?.collections
  if (collections === undefined || last.awaits?.unsettled === true) return []
  return evidence.looks.filter((look) => look !== last && look.awaits?.collections === collections)
}

/**
 * How many calls in that place may have been under way unseen: those who wait for their end stand there, and nothing was
 * found that would end it. A function that runs, or is about to, is in no list of suspended ones.
 */
export function betweenIn(tree: AwaitTree | null, key: string): number {
  const caller = key.slice(key.indexOf('<') + 1)
  if (tree === null || caller === key) return 0
  return standingAt(tree, caller).reduce((sum, node) => sum + (waitsUnseen(node) ? node.count : 0), 0)
}

function waitsUnseen(node: AwaitNode): boolean {
  const { waitsFor } = node
  const changed = waitsFor?.changed === true && (waitsFor.kind === 'unknown' || waitsFor.kind === 'await')
  return changed || waitsForNobody(node)
}

/** It stands at a call of a function that is in no list of suspended ones, and was not seen to go on either. */
export function waitsForNobody({ waitsFor }: AwaitNode): boolean {
  return waitsFor?.kind === 'await' && waitsFor.until === 'end' && waitsFor.by === null && waitsFor.changed !== true
}

/** Its timer is new since that look; being resumed when it was read, it was between two waits. */
function hasWoken(view: View, node: AwaitNode, since: Look): boolean {
  return node.waitsFor === null ? begunSince(view) > 0 : isSetSince(view, node, since)
}

/** Of the calls that stand in its place in that look. */
function numbersIn(look: Look, node: AwaitNode): readonly (number | undefined)[] {
  return standingWith(look.awaits, node).map(callNumber)
}

/** `untilThere (leader.js:4) wakes and waits again, and whether in the same call can't be told`; null where nothing is unclear. */
export function unclearText(view: View): string | null {
  const place = unclearOf(view)
    .map((node) => blameAwait(node).where)
    .find((where) => where !== null)
  if (place === undefined) return null
  const why = uncollectedSince(view) === null ? 'garbage was collected between the looks' : 'a look came while it ran'
  return `${placeText(place)} wakes and waits again; whether in the same call can't be told, because ${why}`
}

/**
 * How long until what woke wakes again, ms: a look then tells whether it is in the same call, unless a collection falls
 * between once more. Null where nothing is unclear.
 */
export function unclearForMs(view: View): number | null {
  const due = unclearOf(view).map(({ waitsFor }) => Math.max(0, waitsFor?.dueInMs ?? 0))
  return due.length === 0 ? null : Math.max(...due)
}

/** Of the last look, and of the first one what the last look came upon while it ran. */
export function unclearOf(view: View): readonly AwaitNode[] {
  const { first, last } = view
  const now = last.awaits?.awaits ?? []
  const unclear = now.filter((node) => callOf(view, node) === 'unclear')
  const there = new Set(now.map(keyOf))
  const ran = (first.awaits?.awaits ?? []).filter(
    (node) => callNumber(node) !== undefined && !there.has(keyOf(node)) && betweenIn(last.awaits, keyOf(node)) > 0,
  )
  return [...unclear, ...ran]
}

/**
 * Its timer is new since an earlier look, and the function still awaits the promise that it awaited then: the timer looks
 * for something again and again (an interval, a callback that sets the next timer), and has not found it.
 */
export function isLookedFor(view: View, node: AwaitNode): boolean {
  // What tries again after an error is told with that error. One that settles the promise itself fires once: set while the earlier
  // look was taken, it only seems new.
  if (node.waitsFor?.again !== undefined || !isByCallback(node)) return false
  return uncollectedLooks(view).some((look) => isNewSince(view, node, look) && awaitsSame(view, node, look))
}

function awaitsSame(view: View, node: AwaitNode, since: Look): boolean {
  if (node.promise === undefined || !uncollectedLooks(view).includes(since)) return false
  return standingWith(since.awaits, node).some((before) => before.promise === node.promise)
}

/** Its timer was set since the first look. */
export function isRenewed(view: View, node: AwaitNode): boolean {
  return view.first !== view.last && isSetSince(view, node, view.first)
}

function isSetSince(view: View, node: AwaitNode, since: Look): boolean {
  return isNewSince(view, node, since) && !awaitsSame(view, node, since)
}

/** Not `setTimeout(resolve)`: the timer's callback is a function that may settle the promise, or not yet. */
function isByCallback({ promise, waitsFor }: AwaitNode): boolean {
  return promise !== undefined && (waitsFor?.parts ?? []).some(({ role }) => role === 'function')
}

function isNewSince({ last }: View, { waitsFor }: AwaitNode, since: Look): boolean {
  if (waitsFor?.kind !== 'timer' || waitsFor.sinceMs === undefined) return false
  return waitsFor.sinceMs < last.takenAtMs - since.takenAtMs
}

/** Async ids given between the looks: resources, requests and timers that JavaScript made. */
export function begunSince({ main }: View): number {
  return (main?.last.loop?.asyncIds ?? 0) - (main?.stacks[0]?.loop?.asyncIds ?? 0)
}
