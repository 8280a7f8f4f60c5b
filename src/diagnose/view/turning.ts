/**
 * Functions that woke and wait again in the same call, while those who wait for their end did not move. What looks for
 * something again and again gets on only when it finds it: that it turns proves nothing.
 */
import type { AwaitNode } from '../../model/await.js'
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
  const { first, last } = view
  if (first === last || node.activation === undefined || node.awaitedBy.length === 0) return false
  // A collection moves things: then the same number may be another call, and another one the same.
  if (first.awaits?.collections === undefined || first.awaits.collections !== last.awaits?.collections) return false
  // Being resumed when it was read, it was between two waits.
  if (node.waitsFor === null ? begunSince(view) === 0 : !isRenewed(view, node)) return false
  const key = keyOf(node)
  return first.awaits.awaits.some((before) => before.activation === node.activation && keyOf(before) === key)
}

/** Its timer was set since the first look. */
export function isRenewed(view: View, { waitsFor }: AwaitNode): boolean {
  if (view.first === view.last || waitsFor?.kind !== 'timer' || waitsFor.sinceMs === undefined) return false
  return waitsFor.sinceMs < view.spanMs
}

/** By place and chain. */
export function keyOf(node: AwaitNode): string {
  return [node, ...node.awaitedBy].map((at) => [at.function, at.file, at.line, at.column].join(':')).join('<')
}

/** Async ids given between the looks: resources, requests and timers that JavaScript made. */
export function begunSince({ main }: View): number {
  return (main?.last.loop?.asyncIds ?? 0) - (main?.stacks[0]?.loop?.asyncIds ?? 0)
}
