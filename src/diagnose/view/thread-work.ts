/** What the functions of a worker thread wait for, for whoever waits for that thread. */
import type { AwaitNode, WaitsFor } from '../../model/await.js'
import { blameAwait, placeText } from './blame.js'
import type { View } from './view.js'

/** The innermost waits of user's functions in that thread, in the last look, oldest first. */
export function waitsInThread(view: View, tid: number | undefined): readonly AwaitNode[] {
  if (tid === undefined || tid === view.main?.tid) return []
  return (view.last.awaits?.awaits ?? [])
    .filter((node) => node.tid === tid && isInnermost(node) && blameAwait(node).origin === 'user')
    .toSorted((a, b) => (b.waitsFor?.sinceMs ?? 0) - (a.waitsFor?.sinceMs ?? 0))
}

/** `hang (job.js:3) waits for a reply from 127.0.0.1:5432`; '' when nothing waits there. */
export function threadWaitsText(view: View, tid: number | undefined): string {
  const [first, ...others] = waitsInThread(view, tid)
  if (first?.waitsFor == null) return ''
  const more = others.length === 0 ? '' : `, and ${others.length} more wait there`
  return `${placeText(blameAwait(first).where)} waits for ${waitText(first.waitsFor)}${more}`
}

/** Whether the wait is one of a worker thread's own functions. */
export function isInWorker(view: View, { tid }: Pick<AwaitNode, 'tid'>): boolean {
  return tid !== undefined && view.main !== null && tid !== view.main.tid
}

function isInnermost({ waitsFor }: AwaitNode): boolean {
  return waitsFor !== null && waitsFor.kind !== 'await'
}

function waitText(waits: WaitsFor): string {
  if (waits.kind === 'message-port') return 'a message from another thread'
  if (waits.kind === 'socket' && waits.peer !== undefined) return `a reply from ${waits.peer}`
  return waits.kind === 'nothing' ? 'what nothing alive can settle' : waits.summary
}
