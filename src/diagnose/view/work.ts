/** Whose work a verdict is about: of the awaits and threads that it points to, else of the tasks that stand where it is. */
import type { TaskInFlight } from '../../model/evidence.js'
import type { VerdictKind, VerdictPlace } from '../../model/verdict.js'
import { MAX_WORK, type Work, workKey } from '../../model/work.js'
import type { Candidate } from './candidate.js'
import { placeOfTask } from './task-place.js'
import type { View } from './view.js'

/** Of a stopped or throttled process the work at hand says nothing. */
const KINDS: ReadonlySet<VerdictKind> = new Set([
  'awaiting',
  'computing',
  'blocked-in-native',
  'starving-the-loop',
  'collecting-garbage',
])

/** Different ones, at most five. */
export function workOf(view: View, candidate: Candidate): readonly Work[] {
  if (!KINDS.has(candidate.kind)) return []
  const pointed = candidate.evidence.flatMap((pointer) => workAt(view, pointer))
  const all = pointed.length > 0 ? pointed : workOfTasks(view, candidate)
  const known = new Map(all.map((work) => [workKey(work), work]))
  return [...known.values()].slice(0, MAX_WORK)
}

function workAt({ last }: View, pointer: string): readonly Work[] {
  const [, list, index] = /^#\/(awaits|threads)\/(\d+)$/.exec(pointer) ?? []
  if (list === 'awaits') return last.awaits?.awaits[Number(index)]?.work ?? []
  const work = list === undefined ? undefined : last.threads?.[Number(index)]?.work
  return work === undefined ? [] : [work]
}

/** Full slots are the work of whatever is in them; any other verdict of what stands in its place. */
function workOfTasks({ evidence, clock }: View, { cause, where }: Candidate): readonly Work[] {
  const tasks = evidence.tasks ?? []
  const there = where === null ? [] : tasks.filter((task) => isAt(task, where))
  const held = cause === 'slots-exhausted' ? tasks.filter((task) => clock === null || task.clock === clock.name) : []
  return (there.length > 0 ? there : held).map(workOfTask)
}

function isAt(task: TaskInFlight, where: VerdictPlace): boolean {
  const at = placeOfTask(task).where
  return at?.file === where.file && at.line === where.line
}

function workOfTask(task: TaskInFlight): Work {
  const { taskId, work } = task
  if (work?.task !== undefined) return work
  return { task: { taskId, taskType: null, workflowId: null, retryCount: null, pollCount: null } }
}
