/**
 * `computing`: the main thread executes and does not come back to its loop. The cause is what the innermost code does;
 * `loop` when one function of the user's was in every stack (whether in one call that lasts, stacks can't tell),
 * `javascript` when frames come and go.
 */
import type { VerdictCause } from '../../model/verdict.js'
import { placeText } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { fillOf, NEAR_LIMIT } from '../view/heap-fill.js'
import { hotFrameOf, type HotFrame } from '../view/hot-frame.js'
import { innerText } from '../view/inner-package.js'
import { activityAbove } from '../view/native-names.js'
import { pointerTo } from '../view/pointers.js'
import { standstillSign, standstillText } from '../view/loop-signs.js'
import { percent, seconds } from '../view/phrases.js'
import type { ThreadView, View } from '../view/view.js'

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
  const name = cause ?? (hot?.stays === true ? 'loop' : 'javascript')
  // The same function in all stacks may have returned in between, even to the event loop.
  const onlyStacksTell = name === 'loop' && !view.silent && standstillSign(view, thread) === null
  // A heap near its limit slows whatever allocates: on a crowded machine a few collections in the looks don't show it.
  const mayCollect = thread.last.role === 'main' && (fillOf(view.last.heap) ?? 0) >= NEAR_LIMIT
  const isSure = blame.origin === 'user' && !onlyStacksTell && !mayCollect
  return [
    {
      kind: 'computing',
      cause: name,
      where: blame.where,
      chain: blame.chain,
      summary: `${threadName(thread)} computes and does not return to its event loop: ${doing(name, hot)}${standstillText(view, thread)}.`,
      evidence: pointerTo('threads', thread.index),
      signs,
      ...(isSure ? {} : { cap: 'medium' as const }),
      refutedBy: mayCollect
        ? `Many full collections: the heap is at ${percent(fillOf(view.last.heap) ?? 0)} of its limit, and they may be what takes the time.`
        : 'Another stack without this function, or an event loop whose turn count grows: then it is slow, not stuck.',
      nextStep: name === 'loop' ? whereToLook(hot) : NEXT[name],
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

const NEARLY_ALL = 0.9

function causeOf(view: View, thread: ThreadView, hot: HotFrame | null): ComputingCause | null {
  // The inspector sees JavaScript only, so its samples can't say that a regular expression runs; stacks from memory can.
  const whole = thread.stacks.filter((stack) => stack.engine === 'memory' && stack.frames.length > 0)
  const activities =
    whole.length > 0
      ? whole.map((stack) => activityAbove(stack.frames, stack.nativeCallee))
      : thread.scripts.map((frames) => activityAbove(frames, undefined))
  const profiled = thread.last.role === 'main' ? (view.evidence.profile?.hot ?? []) : []
  if (profiled.some((each) => each.function.startsWith('RegExp:') && each.share >= 0.5)) return 'regexp'
  const count = (cause: ComputingCause): number => activities.filter((activity) => activity === cause).length
  if (count('regexp') * 2 > activities.length) return 'regexp'
  // One value that is large keeps all stacks in JSON; many small ones are the loop's doing that goes through them.
  if (count('json') > activities.length * (hot?.stays === true ? NEARLY_ALL : 0.5)) return 'json'
  if (hot === null) return null
  return hot.stays ? 'loop' : 'javascript'
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
  if (hot !== null && hot.stacks > 1 && hot.stays) {
    signs.push(
      strong(`one function of yours is in ${hot.holding === hot.stacks ? '' : '(nearly) '}all of ${hot.stacks} stacks`),
    )
  } else if (hot !== null && hot.stacks > 1) {
    signs.push(weak(`${percent(hot.share)} of ${hot.stacks} stacks are in the same function`))
  }
  if (cause === 'regexp' || cause === 'json') signs.push(strong(`the innermost code is ${WORDS[cause]}`))
  return signs
}

/** Half a sentence; of `loop` only what was seen, for the call may have returned and been made again meanwhile. */
function doing(cause: ComputingCause, hot: HotFrame | null): string {
  const where = hot?.blame.where ?? null
  if (cause !== 'loop') return `${WORDS[cause]}${where === null ? '' : ` in ${placeText(where)}`}`
  if (hot === null) return 'a loop'
  const shown = hot.holding === hot.stacks ? `all ${hot.stacks}` : `${hot.holding} of ${hot.stacks}`
  const { caller } = hot
  const by =
    caller === null
      ? ''
      : `, called ${caller.iterator === null ? '' : `by ${caller.iterator} `}from ${placeText(caller.where)}`
  const inner = hot.inner === null ? '' : `, there in ${innerText(hot.inner)}`
  return `${shown} stacks are in ${placeText(where)}${inner}${by}`
}

function whereToLook(hot: HotFrame | null): string {
  const name = hot?.blame.where?.function ?? 'the function at this line'
  const caller = hot?.caller ?? null
  const place = caller === null ? '' : placeText(caller.where)
  const look =
    hot !== null && hot.inner !== null
      ? `in what ${name} hands to ${hot.inner.package} (its size, what refers to what)${place === '' ? '' : `, or around its call in ${place}`}`
      : caller === null
        ? `in ${name}`
        : caller.iterator === null
          ? `in ${name} itself, or around its call in ${place}`
          : `in ${name} itself, in how many items ${place} hands to ${caller.iterator}, or around that`
  return `Look for what never ends: ${look}; yield there (await a timer or setImmediate) or move the work to a worker thread.`
}

const WORDS: Readonly<Record<Exclude<ComputingCause, 'loop'>, string>> = {
  regexp: 'a regular expression',
  json: 'JSON of much data',
  javascript: 'JavaScript without a pause',
}

const NEXT: Readonly<Record<Exclude<ComputingCause, 'loop'>, string>> = {
  regexp:
    'Look for nested quantifiers in the pattern at this line; bound the length of the input, or use a linear-time engine.',
  json: 'Check how large the value at this line is; stream it, or do it in a worker thread.',
  javascript: 'Open the CPU profile, or run conductor-diag record PID, and split the work at the hottest place.',
}

function threadName(thread: ThreadView): string {
  return thread.last.role === 'main' ? 'The main thread' : `Worker thread ${thread.tid}`
}
