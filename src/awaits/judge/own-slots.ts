/**
 * A task that waits, in a slot of a queue's worker, for the end of another task of the same queue (bullmq's
 * `job.waitUntilFinished`): where all slots are taken by such tasks, this process can't begin what they wait for. The
 * event that is awaited is emitted by an object with the name of the queue; the worker is what runs the task: `this` of a
 * package's function that awaits it, with a `concurrency`. Whether another process takes the other task nobody can see here.
 */
import type { EmitterWait, WaitFacts } from '../../model/wait.js'
import { packageOf } from '../../source/origin.js'
import type { Tagged } from '../../v8/heap/heap.js'
import { scriptPath } from '../../v8/objects/scripts.js'
import { closureOf, receiverOf } from '../../v8/objects/suspended-frame.js'
import type { Suspended } from '../scan/suspended.js'
import { objectOf, type Finding } from '../search/wait-search.js'
import type { JudgeContext } from './judge-context.js'

const MAX_CALLERS = 20
const MAX_SCOPES = 4
const CONCURRENCY = ['concurrency', '_concurrency', '#concurrency']
const OPTIONS = ['opts', 'options', '_opts', '_options']
const MAX_NAME = 200

/** Null when the event is not one of the queue in whose slot the wait stands. */
export function ownSlots(
  context: JudgeContext,
  finding: Finding,
  wait: WaitFacts,
): NonNullable<EmitterWait['slots']> | null {
  if (wait.kind !== 'emitter' || wait.event === undefined || wait.over !== undefined) return null
  const run = runnerAbove(context, finding)
  if (run === null) return null
  const { objects, suspended } = context
  const name = nameOf(context, run.runner)
  if (name === null) return null
  const emits = [...finding.steps.keys()].some((key) => {
    const object = objectOf(key)
    return object !== run.runner && objects.className(object) === wait.owner && nameOf(context, object) === name
  })
  if (!emits) return null
  const alike = suspended.list.filter(
    (one) =>
      one.awaits !== 0 && one.function.address === run.by.function.address && runnerOf(context, one) === run.runner,
  )
  return { owner: objects.className(run.runner), slots: run.slots, taken: alike.length }
}

interface Run {
  readonly runner: Tagged
  readonly slots: number
  /** The package's function that awaits the task. */
  readonly by: Suspended
}

/** What runs the task at whose bottom the wait is. */
function runnerAbove(context: JudgeContext, finding: Finding): Run | null {
  const { chains } = context.locks
  let [at] = chains.waitersOf(finding.promise)
  for (let depth = 0; at !== undefined && depth < MAX_CALLERS; depth++) {
    const runner = packageOf(scriptPath(at.function.script?.name ?? null)) === null ? 0 : runnerOf(context, at)
    const slots = runner === 0 ? null : slotsOf(context, runner)
    if (slots !== null) return { runner, slots, by: at }
    ;[at] = at.results.flatMap((promise) => chains.waitersOf(promise))
  }
  return null
}

/** `this` of a function, also of an arrow function; only where it has a limit of its own. */
function runnerOf(context: JudgeContext, one: Suspended): Tagged {
  const { objects, scopes } = context
  const { heap } = objects
  const receiver = receiverOf(heap, one)
  if (objects.isObject(receiver) && slotsOf(context, receiver) !== null) return receiver
  let scope = heap.functionContext(closureOf(heap, one))
  for (let depth = 0; depth < MAX_SCOPES && heap.isContext(scope); depth++) {
    const type = heap.typeOf(scope)
    if (scopes.isNativeContextType(type) || scopes.isModuleScope(scope, type)) return 0
    for (const [slot, name] of scopes.variables(scope)) {
      if (name !== 'this') continue
      const value = scopes.unwrapCell(heap.contextSlot(scope, slot))
      return objects.isObject(value) && slotsOf(context, value) !== null ? value : 0
    }
    scope = heap.contextSlot(scope, heap.layout.context.previousIndex)
  }
  return 0
}

/** How many tasks it runs at a time. */
function slotsOf({ objects }: JudgeContext, runner: Tagged): number | null {
  const options = objects.getObject(runner, OPTIONS)
  const slots =
    objects.getNumber(runner, CONCURRENCY) ?? (options === 0 ? null : objects.getNumber(options, CONCURRENCY))
  return slots !== null && Number.isInteger(slots) && slots > 0 ? slots : null
}

function nameOf({ objects }: JudgeContext, object: Tagged): string | null {
  if (!objects.isObject(object)) return null
  const name = objects.getText(object, ['name'], MAX_NAME)
  return name === '' ? null : name
}
