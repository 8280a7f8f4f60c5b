/**
 * `awaiting/slots-exhausted`: the poll loop can't poll, because every slot is held by a task that does not move. Told by
 * the poller's own count (inside), or by a loop that waits its turn in a queue while tasks are parked.
 */
import type { Frame } from '../../model/frame.js'
import type { ClockReading } from '../../model/heartbeat.js'
import type { VerdictPlace } from '../../model/verdict.js'
import { placeText } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByAge, capByLooks, leafCandidate, leavesOf, loopIsAlive, type Leaf } from '../view/leaf.js'
import { hasMovingTask, hasStuckSlots, tasksOf } from '../view/tasks-of-clock.js'
import { plural, seconds } from '../view/phrases.js'
import { pointerTo, pointersOfAwait } from '../view/pointers.js'
import { queueName } from '../view/queue-words.js'
import { groupTasks, groupText, type TaskGroup } from '../view/task-place.js'
import type { View } from '../view/view.js'
import { fromOwnWorkers } from './own-workers.js'

/** Places of tasks that one sentence names. */
const MAX_PLACES = 3

export function awaitingSlotsExhausted(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  const leaves = leavesOf(view)
  return (
    fromClock(view, leaves) ??
    fromOwnSlots(view, leaves) ??
    fromOwnWorkers(view, leaves) ??
    fromQueue(view, leaves) ??
    []
  )
}

function fromClock(view: View, leaves: readonly Leaf[]): Candidate[] | null {
  const stuck = view.clocks.find(hasStuckSlots)
  const clock = view.clock ?? stuck ?? view.clocks.find((each) => each.slots !== null) ?? null
  if (clock === null || clock.slots === null || clock.slotsInUse === null) return null
  if (clock.slots === 0 || clock.slotsInUse < clock.slots || clock.paused) return null
  const overdue = overdueOf(view, clock)
  // Slots full of tasks within their own time-out are work.
  if (overdue === null) return null
  const groups = groupTasks((view.evidence.tasks ?? []).filter((task) => task.clock === clock.name))
  const parked = ofTasks(groups, leaves) ?? mostParked(leaves)
  const signs: Sign[] = [
    strong(`${clock.slotsInUse} of ${plural(clock.slots, 'slot')} of ${clock.name} taken`),
    strong(overdue),
  ]
  if (clock.lastSuccessMs !== null && clock.inFlightMs === null) {
    signs.push(weak(`no poll was answered for ${seconds(clock.lastSuccessMs)}, and none is in flight`))
  }
  return [
    candidate(
      view,
      parked,
      signs,
      clock.slots === 1
        ? `the only slot of ${clock.name} is taken by a task that does not move`
        : `all ${clock.slots} slots of ${clock.name} are taken by tasks that do not move`,
      // From outside nobody knows which tasks those are, and whether one of them moves.
      view.clock === null ? 'medium' : 'high',
    ),
  ]
}

/** Why the tasks in the slots count as stuck, or null while one of them is young. */
function overdueOf(view: View, clock: ClockReading): string | null {
  const tasks = tasksOf(view)
  if (hasMovingTask(view)) return null
  if (tasks.length > 0) {
    const stuck = tasks.every((task) => task.responseTimeoutMs !== null && task.ageMs > task.responseTimeoutMs)
    if (stuck) return `every task in a slot is past its own response time-out`
    if (tasks.some((task) => task.responseTimeoutMs !== null)) return null
  }
  if (clock.oldestTaskMs === null || (view.clock === null && !hasStuckSlots(clock))) return null
  if (clock.responseTimeoutMs !== null) {
    if (clock.oldestTaskMs <= clock.responseTimeoutMs) return null
    return `the oldest task is ${seconds(clock.oldestTaskMs)} old, past its response time-out`
  }
  // No time-out is known: the watch thread's threshold is the measure.
  return view.silent && clock.oldestTaskMs >= (view.silentMs ?? 0)
    ? `the oldest task is ${seconds(clock.oldestTaskMs)} old`
    : null
}

/** All slots are taken by tasks that wait for the end of another task of the same queue. */
function fromOwnSlots(view: View, leaves: readonly Leaf[]): Candidate[] | null {
  const waiting = leaves.filter(({ waits, blame }) => waits.slots !== undefined && blame.origin === 'user')
  const [leaf] = waiting.toSorted((a, b) => b.node.count - a.node.count)
  const own = leaf?.waits.slots
  if (leaf === undefined || own === undefined) return null
  const stuck = waiting.filter(({ waits }) => waits.slots?.owner === own.owner)
  if (stuck.reduce((sum, { node }) => sum + node.count, 0) < own.slots) return null
  const others = stuck.filter((each) => each !== leaf).slice(0, MAX_PLACES - 1)
  const also = others.map(({ blame }) => `, and so does ${placeText(blame.where)}`).join('')
  const taken = own.slots === 1 ? 'the only slot' : `${leaf.node.count} of the ${own.slots} slots`
  return [
    leafCandidate(view, leaf, {
      cause: 'slots-exhausted',
      waitsFor: `${leaf.waits.summary} while it has ${taken} of this process's ${own.owner}${also}: that event is for another task of the same queue, and none can begin in this process before a slot is free`,
      signs: [
        strong(`${own.taken} of ${plural(own.slots, 'slot')} of ${own.owner} taken`),
        strong('whoever has one waits for another task of the same queue'),
      ],
      // Another process may take that task.
      cap: view.silent ? 'high' : 'low',
      ranksAs: capByLooks(view, leaf),
      weight: 70,
      refutedBy: 'Another process that takes tasks of that queue: then the event comes.',
      nextStep: NOT_IN_A_SLOT,
    }),
  ]
}

const NOT_IN_A_SLOT =
  'Do not await a task of a queue inside another task of the same queue: give it a queue of its own, or let the first one end and be called again (a flow with parent and children).'

/** Without clocks: something waits its turn in a queue, and two or more that hold a turn are parked in one place. */
function fromQueue(view: View, leaves: readonly Leaf[]): Candidate[] | null {
  const waiting = leaves.find((leaf) => leaf.cause === 'lock' && leaf.waits.deadlock === undefined)
  if (waiting === undefined) return null
  // What moved while it was read, or was not found, holds no turn for certain.
  const parked = mostParked(
    leaves.filter((leaf) => leaf.cause !== 'lock' && leaf.cause !== 'unknown' && mayHold(waiting, leaf)),
  )
  if (parked === null || parked.count < 2) return null
  const signs: Sign[] = [
    strong(`${placeText(waiting.blame.where)} waits its turn in ${queueName(waiting.waits)}`),
    strong(`${plural(parked.count, 'task')} are parked in the same place`),
  ]
  // Of a wait that has an age it counts: a second is what any work takes.
  const cap =
    parked.leaf === null
      ? 'low'
      : parked.leaf.ageMs === null
        ? capByLooks(view, parked.leaf)
        : capByAge(view, parked.leaf)
  return [
    candidate(view, parked, signs, 'the poll loop waits for a slot, and the tasks that hold them do not move', cap),
  ]
}

/** One of the functions that can reach the queue is on the way from this wait to its root, where any are known. */
function mayHold(waiting: Leaf, leaf: Leaf): boolean {
  const holders = waiting.waits.holders ?? []
  if (holders.length === 0) return true
  const frames = [leaf.node, ...leaf.node.awaitedBy]
  return holders.some((holder) =>
    frames.some((frame) => frame.file === holder.file && frame.function === holder.function),
  )
}

const CHECK = 'Check what the parked tasks wait for (next verdict), and give that a time-out inside the task.'
const ACKNOWLEDGE =
  'Acknowledge or reject each message on every way out of that function: an early return, an error that is caught.'

interface Parked {
  readonly where: VerdictPlace | null
  readonly chain: readonly Frame[]
  readonly text: string
  readonly count: number
  readonly returned?: boolean
  /** Null: known by the task itself, and no longer among the awaits. */
  readonly leaf: Leaf | null
}

/** Where the tasks in the slots are, as far as the heap tells: most of them first, the others told as well. */
function ofTasks(groups: readonly TaskGroup[], leaves: readonly Leaf[]): Parked | null {
  const [most] = groups
  if (most === undefined) return null
  const leaf = most.collected ? undefined : leaves.find((each) => isSamePlace(each.blame.where, most.where))
  const waits = leaf === undefined ? '' : waitText(leaf)
  const others = groups.slice(1, MAX_PLACES).map((group) => `; ${groupText(group)}`)
  return {
    where: most.where,
    chain: leaf?.blame.chain ?? most.chain,
    text: `${groupText(most)}${waits}${others.join('')}`,
    count: most.tasks.length,
    returned: most.returned,
    leaf: leaf ?? null,
  }
}

function waitText({ waits }: Leaf): string {
  return waits.kind === 'nothing' ? ', which nothing alive can settle' : `, waiting for ${waits.summary}`
}

function isSamePlace(a: VerdictPlace | null, b: VerdictPlace | null): boolean {
  return a !== null && b !== null && a.file === b.file && a.line === b.line && a.column === b.column
}

/** The place where most tasks are parked; locks last, they are a consequence as a rule. */
function mostParked(leaves: readonly Leaf[]): Parked | null {
  const ranked = leaves
    .filter((leaf) => leaf.blame.origin === 'user')
    .sort((a, b) => Number(a.cause === 'lock') - Number(b.cause === 'lock') || b.node.count - a.node.count)
  const [leaf] = ranked
  if (leaf === undefined) return null
  const { where, chain } = leaf.blame
  const count = leaf.node.count
  const text = `${plural(count, 'task')} parked at ${placeText(where)}${waitText(leaf)}`
  return { where, chain, text, count, leaf }
}

function candidate(
  view: View,
  parked: Parked | null,
  signs: Sign[],
  what: string,
  cap: 'high' | 'medium' | 'low',
): Candidate {
  const parkedText = parked === null ? '' : `: ${parked.text}`
  return {
    kind: 'awaiting',
    cause: 'slots-exhausted',
    where: parked?.where ?? null,
    chain: parked?.chain ?? [],
    summary: `No task is polled any more because ${what}${parkedText}.`,
    evidence: [
      ...(parked?.leaf == null ? [] : pointersOfAwait(view, parked.leaf.index)),
      ...pointerTo('clocks', view.clock === null ? -1 : view.clocks.indexOf(view.clock)),
    ],
    signs,
    cap,
    weight: 70,
    refutedBy: 'A slot that is freed between two looks, or tasks that are within their response time-out.',
    nextStep: parked?.returned === true ? ACKNOWLEDGE : CHECK,
  }
}
