/**
 * `awaiting/never-settles`: nothing alive can settle the promise. Either no root reaches its resolver, or a task is in
 * flight by its own promise and no suspended function is left of it: collected, so nothing could settle it.
 */
import type { TaskInFlight } from '../../model/evidence.js'
import type { Confidence } from '../../model/verdict.js'
import { placeText } from '../view/blame.js'
import { strong, weak, type Candidate, type Sign } from '../view/candidate.js'
import { capByLooks, leafCandidate, leavesOf, loopIsAlive, PATIENCE_MS, type Leaf } from '../view/leaf.js'
import { seconds } from '../view/phrases.js'
import { groupTasks, type TaskGroup } from '../view/task-place.js'
import type { View } from '../view/view.js'

/** Younger, a task may just be between two functions. */
const LEAST_AGE_MS = 2_000
const MAX_GROUPS = 3

export function awaitingNeverSettles(view: View): readonly Candidate[] {
  if (!loopIsAlive(view)) return []
  const tasks = fromTasks(view)
  // Where a task's function was collected, the SDK's own wait for it is still there: it is told by the task.
  const isTold = (leaf: Leaf): boolean =>
    tasks.length > 0 && leaf.blame.origin !== 'user' && leaf.waits.over === undefined
  return [...fromLeaves(view, isTold), ...tasks]
}

function fromLeaves(view: View, isTold: (leaf: Leaf) => boolean): Candidate[] {
  return leavesOf(view)
    .filter((leaf) => leaf.cause === 'never-settles' && !isTold(leaf))
    .map((leaf) => {
      if (leaf.waits.kind === 'module') return moduleCycle(view, leaf)
      if (leaf.waits.kind === 'nothing' && leaf.waits.why === 'circle') return circle(view, leaf)
      if (leaf.waits.kind === 'nothing' && leaf.waits.why === 'collected') return leftModule(view, leaf)
      if (leaf.waits.over !== undefined) return afterTheEnd(view, leaf, leaf.waits.over)
      const made = leaf.waits.madeAt
      const signs: Sign[] = [strong('no live root reaches a resolver of this promise')]
      if (leaf.waits.doubt !== undefined) signs.push(weak(leaf.waits.doubt))
      const task = taskOf(view, leaf)
      if (task !== null) signs.push(strong(`task ${task.taskId} waits there for ${seconds(task.ageMs)}`))
      return leafCandidate(view, leaf, {
        cause: 'never-settles',
        waitsFor: `a promise that nothing alive can settle${made === undefined ? '' : ` (made at ${made.file}:${made.line})`}`,
        signs,
        cap: capOf(view, leaf),
        needsNoCpu: true,
        weight: 45,
        refutedBy: 'The promise being settled: then something reaches its resolver that the search does not know.',
        nextStep:
          'Find the path there on which neither resolve nor reject is called (an early return, an event that is never emitted).',
      })
    })
}

/** `await import()` of a module that imports, directly or not, the one that awaits it. */
function moduleCycle(view: View, leaf: Leaf): Candidate {
  return leafCandidate(view, leaf, {
    cause: 'never-settles',
    waitsFor: leaf.waits.summary,
    signs: [
      strong(
        'the module that is imported requests, itself or through others, one that has not been evaluated to its end',
      ),
      strong('that one waits, at its top level, for this very import'),
    ],
    cap: 'high',
    needsNoCpu: true,
    weight: 60,
    refutedBy: 'The module being evaluated in a later look.',
    nextStep:
      'Break the cycle: move what both modules need into a third one, or do not await the import at the top level.',
  })
}

/** Its graph keeps a module's code; what the module awaits nobody kept. */
function leftModule(view: View, leaf: Leaf): Candidate {
  return leafCandidate(view, leaf, {
    cause: 'never-settles',
    waitsFor:
      'a promise that was collected: what it awaits there, and all that this calls, stands at an await that nothing can settle',
    signs: [strong('the module stands at a top-level await, and no promise is left that leads back to it')],
    cap: capOf(view, leaf),
    needsNoCpu: true,
    weight: 45,
    refutedBy: 'The module going on in a later look.',
    nextStep: FOLLOW_THE_CALL,
  })
}

export const FOLLOW_THE_CALL =
  'Follow what is called there to its innermost await, and find the path on which neither resolve nor reject is called (an event that came before its listener, or never comes; a callback that is forgotten).'
const LISTEN_FIRST =
  'Listen before the object can end (no await between making it and listening), or check first whether it has.'
const REJECT_PENDING =
  'Reject what is pending when this connection closes (its close event), connect again, and give each call a time-out.'
/** Functions that wait for each other's end: nothing outside can help. */
function circle(view: View, leaf: Leaf): Candidate {
  const holders = leaf.waits.holders ?? []
  const own = { file: leaf.node.file, line: leaf.node.line }
  const inCircle = [own, ...holders]
  const missed = leaf.node.awaitedBy.some(
    (frame) => !inCircle.some(({ file, line }) => file === frame.file && line === frame.line),
  )
  return leafCandidate(view, leaf, {
    cause: 'never-settles',
    waitsFor: leaf.waits.summary,
    signs: [
      strong('each of these functions ends only after the next, and the last only after the first'),
      strong('nothing else settles the promises between them'),
    ],
    // What nobody waits for any more may have been left like that long ago.
    cap:
      leaf.node.doubtful === true ? 'low' : (leaf.node.looks ?? 1) > 1 && (missed || view.silent) ? 'high' : 'medium',
    needsNoCpu: true,
    // Of several, one whose own code is in it stands where it is to be broken.
    weight: leaf.blame.where?.file === leaf.node.file && leaf.blame.where.line === leaf.node.line ? 56.5 : 56,
    refutedBy: 'One of them moving in a later look.',
    nextStep:
      'Break the circle: do not await, inside what a shared promise runs (a cache, an initialisation, a chain of promises), that same promise.',
  })
}

/** The emitter, child or interface says itself that it is over. */
function afterTheEnd(view: View, leaf: Leaf, over: string): Candidate {
  const { owner, event } = leaf.waits
  const what = owner ?? (leaf.waits.kind === 'child' ? 'a child process' : 'an emitter')
  return leafCandidate(view, leaf, {
    cause: 'never-settles',
    waitsFor: `${event === undefined ? '' : `the event ${event} of `}${what}, which is ${over} and will not emit it again`,
    signs: [strong(`its resolver is in a listener of ${what}`), strong(`${what} is ${over}`)],
    cap: leaf.node.doubtful === true ? 'low' : capByLooks(view, leaf),
    needsNoCpu: true,
    weight: 46,
    refutedBy: 'The object being opened again, or somebody emitting the event by hand.',
    nextStep: what.endsWith('Socket') && event !== 'open' ? REJECT_PENDING : LISTEN_FIRST,
  })
}

/**
 * `await new Promise(() => {})` at the top of a program is an idiom that keeps it alive: nobody waits for it. And an
 * abandoned call that nobody misses looks like a stuck one: it takes a silent clock or an overdue task to be sure.
 */
function capOf(view: View, leaf: Leaf): Confidence {
  if (leaf.node.doubtful === true) return 'low'
  const missed = view.silent || taskOf(view, leaf) !== null
  const alone = leaf.node.awaitedBy.length === 0 || leaf.node.kind === 'module'
  if (missed) return leaf.waits.doubt === undefined ? 'high' : 'medium'
  // A heap that moves while it is searched can hide what settles a young wait.
  return !alone && leaf.ageMs !== null && leaf.ageMs >= PATIENCE_MS ? 'medium' : 'low'
}

/** Without a response time-out of its own, a task is taken for overdue from here on, ms. */
const OVERDUE_MS = 65_000

/** An overdue task whose function is on the way from this wait to its root. */
function taskOf(view: View, leaf: Leaf): TaskInFlight | null {
  const way = [leaf.node, ...leaf.node.awaitedBy]
  const overdue = (view.evidence.tasks ?? []).filter((task) => task.ageMs > (task.responseTimeoutMs ?? OVERDUE_MS))
  return (
    overdue.find(({ execute }) =>
      way.some((each) => each.function === execute?.function && each.file !== null && each.file === execute?.file),
    ) ?? null
  )
}

/** Tasks whose promise is pending though nothing of their execution is left, largest group first. */
function fromTasks(view: View): Candidate[] {
  const gone = (view.evidence.tasks ?? []).filter(
    (task) => (task.collectedInLooks ?? 0) > 0 && task.ageMs >= LEAST_AGE_MS,
  )
  return groupTasks(gone)
    .slice(0, MAX_GROUPS)
    .map((group) => goneCandidate(view, group))
}

function goneCandidate(view: View, { where, chain, parked, tasks }: TaskGroup): Candidate {
  const [task] = tasks
  const ageMs = Math.max(...tasks.map((each) => each.ageMs))
  const looks = Math.min(...tasks.map((each) => each.collectedInLooks ?? 0))
  const subject = tasks.length === 1 ? `Task ${task?.taskId ?? ''} is` : `${tasks.length} tasks are`
  const left = parked ? `${placeText(where)}, where an earlier look saw it wait,` : `its function ${placeText(where)}`
  const overdue = tasks.every((each) => each.responseTimeoutMs !== null && each.ageMs > each.responseTimeoutMs)
  return {
    kind: 'awaiting',
    cause: 'never-settles',
    where,
    chain,
    summary: `${subject} in flight for ${seconds(ageMs)}, and nothing of ${left} is left in memory: it was collected, so nothing can settle it any more.`,
    evidence: [],
    signs: [
      strong('its promise is pending, and no suspended function of it is left'),
      ...(looks > 1 ? [strong(`in ${looks} looks`)] : []),
      ...(view.silent ? [weak('a clock is silent')] : []),
    ],
    // One look may miss a function that the collector moves while it is read.
    cap: looks < 2 ? 'low' : overdue ? 'high' : 'medium',
    weight: 46,
    refutedBy: 'The task ending after all.',
    nextStep:
      'Find the promise that this function awaits and the path on which neither resolve nor reject is called, and give the wait a time-out.',
  }
}
