/**
 * `starving-the-loop`: JavaScript comes and goes, yet the loop never turns, because the microtask or tick queue is
 * filled faster than it is emptied. Told by counters over two looks, not by stacks: those look like any busy program.
 */
import { blameFrames, placeText } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { hotFrameOf } from '../view/hot-frame.js'
import { standstillSign, standstillText } from '../view/loop-signs.js'
import { seconds } from '../view/phrases.js'
import { pointerTo } from '../view/pointers.js'
import type { View } from '../view/view.js'

export function starvingTheLoop(view: View): readonly Candidate[] {
  const { main } = view
  const { starvation } = view.last
  if (main === null || starvation === null || starvation === 'none') return []
  if (main.turns !== null && main.turns > 0) return []
  const cause = starvation === 'microtasks' ? 'microtasks' : 'next-tick'
  const blame = hotFrameOf(main.scripts)?.blame ?? blameFrames(main.scripts.at(-1) ?? [])
  const queue = cause === 'microtasks' ? 'microtask queue' : 'process.nextTick queue'
  const signs: Sign[] = [strong(`the ${queue} never empties`)]
  const standstill = standstillSign(view, main)
  if (standstill !== null) signs.push(standstill)
  if (main.running) signs.push(weak('the main thread is running'))
  if (view.silent && view.silentMs !== null) signs.push(strong(`no beat for ${seconds(view.silentMs)}`))
  return [
    {
      kind: 'starving-the-loop',
      cause,
      where: blame.where,
      chain: blame.chain,
      summary: `The event loop starves: the ${queue} never empties${blame.where === null ? '' : `, refilled by ${placeText(blame.where)}`}${standstillText(view, main)}.`,
      evidence: pointerTo('threads', main.index),
      signs,
      refutedBy: 'A turn of the event loop between two looks.',
      nextStep:
        cause === 'microtasks'
          ? 'Find the await or then in a loop there that never waits for anything outside; await a timer or setImmediate in it.'
          : 'Replace process.nextTick there by setImmediate.',
    },
  ]
}
