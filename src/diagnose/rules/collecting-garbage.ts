/** `collecting-garbage`: most of the time goes into collections, because the heap is at its limit or buffers are. */
import type { HeapState } from '../../model/heap.js'
import { blameFrames, placeText } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { fillOf, NEAR_LIMIT } from '../view/heap-fill.js'
import { hotFrameOf } from '../view/hot-frame.js'
import { activityOfFrame } from '../view/native-names.js'
import { megabytes, percent, seconds } from '../view/phrases.js'
import { pointerTo } from '../view/pointers.js'
import { holdingText, keeperText, tellingHoldings } from '../view/retained.js'
import type { ThreadView, View } from '../view/view.js'

const MOSTLY = 0.5
/** Mark-compact collections between the looks from which V8's own figures are of now. */
const TELLING_COMPACTS = 2
/** Where buffers or a full heap force the collections, what is left of the time fills them: the same cause, less surely. */
const FORCED = 0.3
const FAR_FROM_LIMIT = 0.7
/** Of its limit: what is left is gone before the next collection. */
const WORN_OUT = 0.9
/** Full collections a second that no healthy heap needs; beside them less of the time has to be seen in collections. */
const COMPACTS_PER_SECOND = 4
const SEEN_COLLECTING = 0.15

export function collectingGarbage(view: View): readonly Candidate[] {
  const { main, first, last } = view
  if (main === null || main.idle) return []
  const compacts = (last.heap?.markCompacts ?? 0) - (first.heap?.markCompacts ?? 0)
  const sampled = sampledShare(view)
  const counted = compacts >= TELLING_COMPACTS ? greater(first.heap?.compactingShare, last.heap?.compactingShare) : null
  const measured = greater(sampled, counted)
  const always = inEveryLook(main)
  const mostly = measured !== null && measured >= MOSTLY
  const heap = last.heap
  const fill = fillOf(heap)
  const external = isExternal(heap, fill)
  const forced = external && main.turns === 0 && counted !== null && counted >= FORCED
  if (!mostly && !always && !forced && !isWornOut(view, main, measured)) return []
  // Much garbage far from any limit is how busy programs live: what they compute is the matter then.
  if (!external && fill !== null && fill < FAR_FROM_LIMIT) return []
  // Who reads or makes large buffers one after the other lives like that, as long as its loop turns.
  const getsOn = external && (main.turns ?? 0) > 0 && !view.silent
  const signs: Sign[] = []
  if (counted !== null && (counted >= MOSTLY || forced)) {
    signs.push(
      (counted >= MOSTLY ? strong : weak)(
        `V8 counts ${percent(counted)} of the time between its last full collections as theirs`,
      ),
    )
  } else if (sampled !== null) {
    signs.push((mostly ? strong : weak)(`${percent(sampled)} of the samples are in the garbage collector`))
  }
  if (always) signs.push(weak('it was collecting in every look'))
  if (compacts >= TELLING_COMPACTS)
    signs.push(strong(`${compacts} mark-compact collections in ${seconds(view.spanMs)}`))
  if (fill !== null && fill >= NEAR_LIMIT) signs.push(strong(`the heap is ${percent(fill)} of its limit`))
  if (external) signs.push(weak(`${megabytes(heap?.externalBytes ?? 0)} are held outside the heap`))
  const stacks = allocatingStacks(view, main)
  const blame = hotFrameOf(stacks)?.blame ?? blameFrames(stacks.at(-1) ?? [])
  const kept = external ? [] : tellingHoldings(view.evidence.retained)
  const [most] = kept
  const used = view.evidence.retained?.heapBytes ?? null
  if (most !== undefined && used !== null) {
    signs.push(strong(`${keeperText(most)} keeps about ${percent(most.heldBytes / used)} of the heap`))
  }
  const figures =
    heap?.usedBytes == null
      ? ''
      : ` (${megabytes(heap.usedBytes)}${heap.limitBytes == null ? '' : ` of ${megabytes(heap.limitBytes)}`})`
  return [
    {
      kind: 'collecting-garbage',
      cause: external ? 'external-memory' : 'near-heap-limit',
      where: blame.where,
      chain: blame.chain,
      summary: `The main thread ${mostly || always || forced ? spending(measured) : 'compacts its heap again and again'}${external ? `, driven by ${megabytes(heap?.externalBytes ?? 0)} outside the heap` : `, with the heap near its limit${figures}`}${blame.where === null ? '' : `, while ${placeText(blame.where)} allocates`}.${kept.length === 0 ? '' : ` What it keeps: ${kept.map(holdingText).join('; ')}.`}`,
      evidence: pointerTo('threads', main.index),
      signs,
      // Without the heap's figures the cause is a guess; a few looks are too few for a share.
      ...((fill === null && !external) || getsOn ? { cap: 'low' as const } : mostly ? {} : { cap: 'medium' as const }),
      // With more CPU it would collect more often in the same turn of its loop.
      ...(main.turns === 0 && collectsAnyway(compacts, counted, fill) ? { needsNoCpu: true } : {}),
      refutedBy: 'A heap well below its limit, or few collections between two looks.',
      nextStep: external
        ? 'See what keeps buffers alive at this place; release or stream them.'
        : most === undefined
          ? 'See what this place keeps alive (a cache without bound?); raise --max-old-space-size only after that.'
          : `Bound what ${keeperText(most)} keeps (a limit, an age, a release); raise --max-old-space-size only after that.`,
    },
  ]
}

/** Whatever CPU it gets: V8 says that it mostly collects, or the heap is at its limit and compacted again and again. */
function collectsAnyway(compacts: number, counted: number | null, fill: number | null): boolean {
  return (counted ?? 0) >= MOSTLY || (compacts >= TELLING_COMPACTS && (fill ?? 0) >= WORN_OUT)
}

/**
 * On a crowded machine the samples of a moment may all fall into one slice of somebody else's: a heap at its limit that
 * is compacted again and again while the loop stands still tells the same.
 */
function isWornOut({ first, last, spanMs }: View, main: ThreadView, measured: number | null): boolean {
  const compacts = (last.heap?.markCompacts ?? 0) - (first.heap?.markCompacts ?? 0)
  // Right after a collection it is less full than before it: the fuller look counts.
  const fill = greater(fillOf(first.heap), fillOf(last.heap)) ?? 0
  const isOften = compacts >= COMPACTS_PER_SECOND * (spanMs / 1_000)
  const isFull = fill >= WORN_OUT || (fill >= NEAR_LIMIT && (measured ?? 0) >= (isOften ? SEEN_COLLECTING : FORCED))
  return main.turns === 0 && isFull && compacts >= 3
}

function spending(share: number | null): string {
  return share === null
    ? 'was collecting garbage in every look'
    : `spends ${percent(share)} of its time collecting garbage`
}

/** Of the profile, which lasts longest, else of the samples of V8's state; null when neither was had. */
function sampledShare(view: View): number | null {
  return view.evidence.profile?.gcShare ?? view.last.heap?.collectingShare ?? null
}

/**
 * Samples miss the steps of marking that V8 takes while a buffer is allocated: these count as native code. Its own clock
 * counts them.
 */
function greater(one: number | null | undefined, other: number | null | undefined): number | null {
  return one == null || other == null ? (one ?? other ?? null) : Math.max(one, other)
}

/**
 * Those in which a collection was under way: there the thread allocates. A debugger's pause stops at a loop's head; and a
 * collection that V8 puts off until a loop jumps back shows the loop, where other stacks may show what allocates in it.
 */
function allocatingStacks({ evidence }: View, main: ThreadView): ThreadView['scripts'] {
  const collecting = main.stacks.filter((stack) => stack.vmState === 'GC' && stack.frames.length > 0)
  if (collecting.length === 0) return main.scripts
  const stacks = collecting.map((stack) => stack.frames)
  const isPutOff = stacks.every((frames) => blameFrames(frames).where?.lineOf === 'loop')
  return isPutOff && evidence.samples?.engine === 'memory' ? main.scripts : stacks
}

/** Two or three looks are too few for a share, unless they all agree. */
function inEveryLook(main: ThreadView): boolean {
  const states = main.stacks.filter((stack) => stack.vmState !== undefined)
  const inGc = main.stacks.filter(
    (stack) => stack.vmState === 'GC' || stack.frames.some((frame) => activityOfFrame(frame) === 'gc'),
  )
  return states.length >= 2 && inGc.length === states.length
}

function isExternal(heap: HeapState | null, fill: number | null): boolean {
  if (heap?.externalBytes == null || (fill !== null && fill >= NEAR_LIMIT)) return false
  return heap.externalBytes > Math.max(64 * 1_048_576, heap.usedBytes ?? 0)
}
