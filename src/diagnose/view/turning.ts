/**
 * Functions that woke and wait again in the same call, while those who wait for their end did not move. What looks for
 * something again and again gets on only when it finds it: that it turns proves nothing.
 */
import type { AwaitNode } from '../../model/await.js'
import type { Look } from '../../model/evidence.js'
import { blameAwait, placeText, type Blame } from './blame.js'
import { seconds } from './phrases.js'
import type { View } from './view.js'

export interface Turning {
  readonly node: AwaitNode
  /** In the last look's awaits. */
  readonly index: number
  readonly blame: Blame
}

export function turningOf(view: View): readonly Turning[] {
  return (view.last.awaits?.awaits ?? []).flatMap((node, index) => {
    const blame = isTurning(view, node) ? blameAwait(node) : null
    return blame === null || blame.where === null ? [] : [{ node, index, blame }]
  })
}

/** `whenElected (leader.js:4) wakes by a timer of 50 ms and waits again, and execute, which waits for its end, has not moved`. */
export function turningText({ blame, node: { awaitedBy, waitsFor } }: Turning): string {
  const every = waitsFor?.kind === 'timer' && waitsFor.afterMs !== undefined ? seconds(waitsFor.afterMs) : null
  const [caller] = awaitedBy
  return `${placeText(blame.where)} wakes${every === null ? '' : ` by a timer of ${every}`} and waits again, and ${caller?.function ?? 'who calls it'}, which waits for its end, has not moved`
}

export function isTurning(view: View, node: AwaitNode): boolean {
  return callOf(view, node) === 'same'
}

type CallOf = 'same' | 'other' | 'unclear' | 'not-woken'

/**
 * Whether a function that woke since the first look is in the call that it was in: `other` where it is called again and
 * again. `unclear` after a collection, which moves things: the same number may be another call then, and another one the same.
 */
export function callOf(view: View, node: AwaitNode): CallOf {
  const { first, last } = view
  if (first === last || !hasWoken(view, node, first)) return 'not-woken'
  // What nobody waits for is a loop of its own, and gets on by waking.
  if (node.activation === undefined || node.awaitedBy.length === 0) return 'other'
  const earlier = uncollectedSince(view)
  if (earlier === null || !hasWoken(view, node, earlier)) return 'unclear'
  return isIn(earlier, node) ? 'same' : 'other'
}

/** The earliest look since which nothing was collected: a number of a call is the same call's in it and in the last one. */
export function uncollectedSince({ evidence, last }: View): Look | null {
  const collections = last.awaits?.collections
  if (collections === undefined) return null
  return evidence.looks.find((look) => look !== last && look.awaits?.collections === collections) ?? null
}

/** Its timer is new since that look; being resumed when it was read, it was between two waits. */
function hasWoken(view: View, node: AwaitNode, since: Look): boolean {
  return node.waitsFor === null ? begunSince(view) > 0 : isSetSince(view, node, since)
}

function isIn(look: Look, { activation, ...node }: AwaitNode): boolean {
  const key = keyOf(node)
  return look.awaits?.awaits.some((before) => before.activation === activation && keyOf(before) === key) === true
}

/** `untilThere (leader.js:4) wakes and waits again, and whether in the same call can't be told`; null where nothing is unclear. */
export function unclearText(view: View): string | null {
  const blames = (view.last.awaits?.awaits ?? []).flatMap((node) =>
    callOf(view, node) === 'unclear' ? [blameAwait(node)] : [],
  )
  const place = blames.find(({ where }) => where !== null)?.where
  if (place == null) return null
  return `${placeText(place)} wakes and waits again; whether in the same call can't be told, because garbage was collected between the looks`
}

/**
 * How long until what woke wakes again, ms: a look then tells whether it is in the same call, unless a collection falls
 * between once more. Null where nothing is unclear.
 */
export function unclearForMs(view: View): number | null {
  const due = (view.last.awaits?.awaits ?? []).flatMap((node) =>
    callOf(view, node) === 'unclear' ? [Math.max(0, node.waitsFor?.dueInMs ?? 0)] : [],
  )
  return due.length === 0 ? null : Math.max(...due)
}

/** Its timer was set since the first look. */
export function isRenewed(view: View, node: AwaitNode): boolean {
  return view.first !== view.last && isSetSince(view, node, view.first)
}

function isSetSince({ last }: View, { waitsFor }: AwaitNode, since: Look): boolean {
  if (waitsFor?.kind !== 'timer' || waitsFor.sinceMs === undefined) return false
  return waitsFor.sinceMs < last.takenAtMs - since.takenAtMs
}

/** By place and chain. */
export function keyOf(node: AwaitNode): string {
  return [node, ...node.awaitedBy].map((at) => [at.function, at.file, at.line, at.column].join(':')).join('<')
}

/** Async ids given between the looks: resources, requests and timers that JavaScript made. */
export function begunSince({ main }: View): number {
  return (main?.last.loop?.asyncIds ?? 0) - (main?.stacks[0]?.loop?.asyncIds ?? 0)
}
