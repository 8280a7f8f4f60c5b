/**
 * `computing`: the main thread executes and does not come back to its loop. The cause is what the innermost code does;
 * `loop` when one function of the user's was in every stack, `javascript` when frames come and go.
 */
import type { VerdictCause } from '../../model/verdict.js'
import { placeText } from '../blame.js'
import { strong, weak, type Candidate, type Sign } from '../candidate.js'
import { hotFrameOf, type HotFrame } from '../hot-frame.js'
import { activityAbove } from '../native-names.js'
import { pointerTo } from '../pointers.js'
import { standstillSign, standstillText } from '../loop-signs.js'
import { percent, seconds } from '../phrases.js'
import type { ThreadView, View } from '../view.js'

type ComputingCause = VerdictCause<'computing'>

export function computing(view: View): readonly Candidate[] {
  return view.main === null ? [] : computingIn(view, view.main)
}

/** The same judgement for any thread that runs JavaScript: worker threads are judged by it too. */
export function computingIn(view: View, thread: ThreadView): readonly Candidate[] {
  if (!thread.running || turnsFreely(view, thread)) return []
  const hot = hotFrameOf(thread.scripts)
  const cause = causeOf(view, thread, hot)
  // Without a place it takes a loop that surely stands still: any healthy process runs something for a moment.
  if (hot === null && cause === null && !standsStill(view, thread)) return []
  const signs = signsOf(view, thread, hot, cause)
  const blame = hot?.blame ?? { where: null, chain: [], origin: 'unknown' as const }
  const name = cause ?? (hot?.neverReturned === true ? 'loop' : 'javascript')
  return [
    {
      kind: 'computing',
      cause: name,
      where: blame.where,
      chain: blame.chain,
      summary: `${threadName(thread)} computes and does not return to its event loop: ${WORDS[name]}${blame.where === null ? '' : ` in ${placeText(blame.where)}`}${standstillText(view, thread)}.`,
      evidence: pointerTo('threads', thread.index),
      signs,
      ...(blame.origin === 'user' ? {} : { cap: 'medium' as const }),
      refutedBy:
        'Another stack without this function, or an event loop whose turn count grows: then it is slow, not stuck.',
      nextStep: NEXT[name],
    },
  ]
}

/** Turns of the loop while it was watched: a busy process that moves is not stuck, whatever it computes. */
function turnsFreely(view: View, thread: ThreadView): boolean {
  if (thread.turns === null || thread.turns === 0 || view.spanMs <= 0) return false
  if (view.silent && thread.last.role === 'main') return false
  return thread.turns / (view.spanMs / 1_000) >= SLOW_TURNS_PER_SECOND
}

function standsStill(view: View, thread: ThreadView): boolean {
  return thread.turns === 0 && view.spanMs >= 500
}

/** Fewer turns than this a second, and each callback takes longer than a poll loop can bear. */
const SLOW_TURNS_PER_SECOND = 1

function causeOf(view: View, thread: ThreadView, hot: HotFrame | null): ComputingCause | null {
  // The inspector sees JavaScript only, so its samples can't say that a regular expression runs; stacks from memory can.
  const whole = thread.stacks.filter((stack) => stack.engine === 'memory' && stack.frames.length > 0)
  const activities =
    whole.length > 0
      ? whole.map((stack) => activityAbove(stack.frames, stack.nativeCallee))
      : thread.scripts.map((frames) => activityAbove(frames, undefined))
  const profiled = thread.last.role === 'main' ? (view.evidence.profile?.hot ?? []) : []
  if (profiled.some((each) => each.function.startsWith('RegExp:') && each.share >= 0.5)) return 'regexp'
  for (const cause of ['regexp', 'json'] as const) {
    if (activities.filter((activity) => activity === cause).length * 2 > activities.length) return cause
  }
  if (hot === null) return null
  return hot.neverReturned ? 'loop' : 'javascript'
}

function signsOf(view: View, thread: ThreadView, hot: HotFrame | null, cause: ComputingCause | null): Sign[] {
  const signs: Sign[] = []
  if (thread.cpuShare !== null && thread.cpuShare >= 0.5) {
    signs.push(weak(`its thread used ${percent(thread.cpuShare)} of a CPU for ${seconds(view.spanMs)}`))
  } else signs.push(weak('its thread is running in the looks'))
  const standstill = standstillSign(view, thread)
  if (standstill !== null) signs.push(standstill)
  if (view.silent && view.silentMs !== null && thread.last.role === 'main') {
    signs.push(strong(`no beat for ${seconds(view.silentMs)}`))
  }
  if (hot !== null && hot.stacks > 1 && hot.neverReturned) {
    signs.push(strong(`one function never returned in ${hot.stacks} stacks`))
  } else if (hot !== null && hot.stacks > 1) {
    signs.push(weak(`${percent(hot.share)} of ${hot.stacks} stacks are in the same function`))
  }
  if (cause === 'regexp' || cause === 'json') signs.push(strong(`the innermost code is ${WORDS[cause]}`))
  return signs
}

const WORDS: Readonly<Record<ComputingCause, string>> = {
  loop: 'one call that never returns',
  regexp: 'a regular expression',
  json: 'JSON of much data',
  javascript: 'JavaScript without a pause',
}

const NEXT: Readonly<Record<ComputingCause, string>> = {
  loop: 'Read the loop condition at this line, and yield (await a timer or setImmediate) or move the work to a worker thread.',
  regexp:
    'Look for nested quantifiers in the pattern at this line; bound the length of the input, or use a linear-time engine.',
  json: 'See how large the value at this line is; stream it, or do it in a worker thread.',
  javascript: 'Open the CPU profile, or run conductor-diag record PID, and split the work at the hottest place.',
}

function threadName(thread: ThreadView): string {
  return thread.last.role === 'main' ? 'The main thread' : `Worker thread ${thread.tid}`
}
