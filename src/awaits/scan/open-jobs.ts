/**
 * Jobs that bull (4) has given to a processor and that have not ended. bull steps them by callbacks: once the processor's own
 * promise is collected nothing of the job is suspended. What is left is the timer that renews the job's lock: its callback
 * (timer-manager.js) has `fn` of queue.js, with the job and the queue, among its variables.
 */
import type { OpenJob } from '../../model/open-work.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Objects } from '../../v8/objects/objects.js'
import { CallScope } from '../resources/call-scope.js'
import type { NativeObjects } from '../resources/native-objects.js'
import { definitionOf } from './definition.js'

const RENEWS = /[\\/]node_modules[\\/]bull[\\/]/
const MAX_NAME = 200

interface JobContext {
  readonly objects: Objects
  readonly natives: NativeObjects
  readonly scopes: CodeScopes
}

/** @returns null for any other timer */
export function jobOf(context: JobContext, timer: Tagged): OpenJob | null {
  const { objects } = context
  const callback = objects.get(timer, '_onTimeout') ?? 0
  if (!isOfBull(objects, callback)) return null
  const renew = scopeOf(context, callback).value(['fn'])
  if (!isOfBull(objects, renew)) return null
  const scope = scopeOf(context, renew)
  const [job, queue] = [scope.value(['job']), scope.value(['this'])]
  if (!objects.isObject(job) || !objects.isObject(queue)) return null
  const begunAt = objects.getNumber(job, ['processedOn'])
  const handlers = objects.getObject(queue, ['handlers'])
  const name = objects.getText(job, ['name'], MAX_NAME) ?? ''
  const handler = handlers === 0 ? undefined : objects.getAny(handlers, [name, '*'])
  return {
    queue: 'bull',
    processor: handler === undefined ? null : processorOf(context, handler),
    sinceMs: begunAt === null || begunAt <= 0 ? null : Math.max(0, Date.now() - begunAt),
    count: 1,
  }
}

/** By processor. */
export function groupedJobs(jobs: readonly OpenJob[]): OpenJob[] {
  const groups = new Map<string, OpenJob>()
  for (const job of jobs) {
    const key = JSON.stringify([job.queue, job.processor])
    const known = groups.get(key)
    const sinceMs = known === undefined ? job.sinceMs : oldest(known.sinceMs, job.sinceMs)
    groups.set(key, { ...job, sinceMs, count: (known?.count ?? 0) + 1 })
  }
  return [...groups.values()]
}

function oldest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other)
}

/** bull wraps a processor: `handler` among its own variables, or `original` among those of Node's promisify. */
function processorOf(context: JobContext, wrapper: Tagged): OpenJob['processor'] {
  const { objects } = context
  const inner =
    objects.functions.ofFunction(wrapper) === null ? 0 : scopeOf(context, wrapper).value(['handler', 'original'])
  return definitionOf(objects, inner) ?? definitionOf(objects, wrapper)
}

function isOfBull({ functions }: Objects, fn: Tagged): boolean {
  return RENEWS.test(functions.ofFunction(fn)?.script?.name ?? '')
}

function scopeOf(context: JobContext, closure: Tagged): CallScope {
  return new CallScope(context, { className: 'Timeout', closure, held: false })
}
