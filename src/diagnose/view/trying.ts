/**
 * Functions that wait after an error and try again. What they do moves, and proves nothing: the same call may fail for ever.
 * A look may find one within the call that fails. So who was seen to try again in one look is taken for that in all, unless
 * another look sees it wait for a timer on its usual way, or a call of it has ended in between.
 */
import type { AwaitNode } from '../../model/await.js'
import type { Look } from '../../model/evidence.js'
import type { WaitOf } from '../../model/wait.js'
import { blameFrames, frameOf, placeText, type Blame } from './blame.js'
import { plural, seconds } from './phrases.js'
import { callOf } from './turning.js'
import type { View } from './view.js'

export interface Trying {
  readonly node: AwaitNode
  /** In the last look's awaits; -1 where an earlier look has it. */
  readonly index: number
  readonly waits: WaitOf<'timer'>
}

interface Placed {
  readonly function: string | null
  readonly file: string | null
}

/** By the function, the latest look's. */
export function tryingOf(view: View): readonly Trying[] {
  const found = new Map<string, Trying>()
  const waiting = view.evidence.looks.flatMap((look) =>
    (look.awaits?.awaits ?? []).flatMap((node, i) => {
      const waits = node.doubtful === true ? null : timerOf(node)
      return waits === null ? [] : [{ node, waits, look, index: look === view.last ? i : -1 }]
    }),
  )
  for (const { node, waits, index } of waiting) {
    if (waits.again !== undefined) found.set(nameOf(triesIn(node, waits)), { node, waits, index })
  }
  if (found.size === 0) return []
  const leaves = new Set([...found.values()].map(({ node }) => nameOf(node)))
  for (const { node, waits, look } of waiting) {
    if (waits.again !== undefined && !isAnotherCall(view, look, node, waits)) continue
    // A request on the way has timers as well: who waits for its answer does not rest. What they rest by may be alike.
    const rest = leaves.has(nameOf(node)) ? [node, ...node.awaitedBy] : [node]
    for (const at of rest) found.delete(nameOf(at))
  }
  return [...found.values()]
}

/** Where the error was caught, or further out where that is no code of the user's. */
export function placeOfTrying({ node, waits: { again } }: Trying): Blame {
  const frames = [frameOf(node), ...node.awaitedBy]
  const at = again?.at
  const caught = at === undefined ? 0 : frames.findIndex((each) => each.line === at.line && nameOf(each) === nameOf(at))
  return blameFrames(frames.slice(Math.max(0, caught)))
}

/** Whether a function is one that tries again, or works for one. */
export function isTrying(trying: readonly Trying[], node: AwaitNode): boolean {
  if (trying.length === 0) return false
  const names = new Set(trying.map((each) => nameOf(triesIn(each.node, each.waits))))
  return [node, ...node.awaitedBy].some((at) => names.has(nameOf(at)))
}

/** `poll (worker.js:4) tries again after an error: attempt 57, next in 4 s, last error ECONNREFUSED 127.0.0.1:1`. */
export function tryingText(trying: Trying): string {
  const { node, index, waits } = trying
  const { again } = waits
  const said = [
    ...(again?.attempts === undefined ? [] : [`attempt ${again.attempts}`]),
    ...(index < 0 || waits.dueInMs === undefined ? [] : [`next in ${seconds(Math.max(0, waits.dueInMs))}`]),
    ...(again?.error === undefined ? [] : [`last error ${again.error}`]),
  ]
  const times = node.count > 1 ? ` (${plural(node.count, 'time')})` : ''
  return `${placeText(placeOfTrying(trying).where)}${times} tries again after an error${said.length === 0 ? '' : `: ${said.join(', ')}`}`
}

/** The call that tried before has come to its end: by what it asked for, as a rule. */
function isAnotherCall(view: View, look: Look, node: AwaitNode, waits: WaitOf<'timer'>): boolean {
  const isItself = nameOf(triesIn(node, waits)) === nameOf(node)
  return isItself && look === view.last && node.awaitedBy.length > 0 && callOf(view, node) === 'other'
}

function timerOf({ waitsFor }: AwaitNode): WaitOf<'timer'> | null {
  return waitsFor?.kind === 'timer' ? waitsFor : null
}

function triesIn(node: AwaitNode, { again }: WaitOf<'timer'>): Placed {
  return again?.at ?? node
}

function nameOf({ function: name, file }: Placed): string {
  return `${file ?? ''} ${name ?? ''}`
}
