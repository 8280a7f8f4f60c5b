/**
 * Whose work a function does: what the AsyncLocalStorage stores of an await, or of a running frame, say of it. Read from
 * memory, redacted; every field only where it is there.
 */

/** A task of Conductor's. */
export interface WorkTask {
  readonly taskId: string
  /** Name of the task's definition. */
  readonly taskType: string | null
  readonly workflowId: string | null
  /** 0: the first attempt. */
  readonly retryCount: number | null
  readonly pollCount: number | null
}

/** A span of OpenTelemetry's, as in its own exports: 32 and 16 hexadecimal digits. */
export interface WorkTrace {
  readonly traceId: string
  readonly spanId: string
}

/** A store that is neither: only what it is and the names of its keys, and only when asked for. */
export interface WorkStore {
  /** Its class: `Object`, `Map`, `RequestContext`. */
  readonly class: string
  readonly keys: readonly string[]
}

export interface Work {
  readonly task?: WorkTask
  readonly trace?: WorkTrace
  readonly stores?: readonly WorkStore[]
}

/** Most different ones that are kept of functions alike. */
export const MAX_WORK = 5

export function workKey(work: Work): string {
  return JSON.stringify([work.task?.taskId ?? work.task, work.trace, work.stores])
}

/** `task 8f2c (charge_card) of workflow 77aa, retry 1, poll 3; trace 4bf9..., span 00f0...`. '' when nothing is known. */
export function workText(work: Work): string {
  const parts: string[] = []
  if (work.task !== undefined) parts.push(`task ${taskName(work.task)}`)
  if (work.trace !== undefined) parts.push(`trace ${work.trace.traceId}, span ${work.trace.spanId}`)
  for (const store of work.stores ?? []) parts.push(`a store of class ${store.class} with ${keysText(store.keys)}`)
  return parts.join('; ')
}

/** Of several: the first two, and how many more there are. */
export function worksText(works: readonly Work[], shown = 2): string {
  const texts = works.slice(0, shown).map(workText)
  const more = works.length - texts.length
  return `${texts.join(', and ')}${more > 0 ? `, and ${more} more` : ''}`
}

/** `8f2c (charge_card) of workflow 77aa, retry 1, polled 3 times`; a first attempt and a first poll are not said. */
export function taskName({ taskId, taskType, workflowId, retryCount, pollCount }: WorkTask): string {
  const type = taskType === null ? '' : ` (${taskType})`
  const workflow = workflowId === null ? '' : ` of workflow ${workflowId}`
  const retry = retryCount === null || retryCount === 0 ? '' : `, retry ${retryCount}`
  const polls = pollCount === null || pollCount < 2 ? '' : `, polled ${pollCount} times`
  return `${taskId}${type}${workflow}${retry}${polls}`
}

function keysText(keys: readonly string[]): string {
  return keys.length === 0 ? 'no keys' : `the ${keys.length === 1 ? 'key' : 'keys'} ${keys.join(', ')}`
}
