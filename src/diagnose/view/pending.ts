/** What has been taken on and not finished, as sentences say it: parked functions, and requests that got no answer. */
import type { OpenJob, UnansweredRequest } from '../../model/open-work.js'
import { requestLine } from '../../model/open-work-phrases.js'
import { placeText } from './blame.js'
import type { Leaf } from './leaf.js'
import { plural, seconds } from './phrases.js'
import { holderText } from './queue-words.js'
import type { View } from './view.js'

/** Nobody answers that late on purpose, but for streams of events, whose answer has begun. */
const OPEN_MS = 1_000

/** `poll (worker.js:4) waits for the answer to GET http://10.0.0.5/poll, for 21.5 s`. */
export function waitingText(leaf: Leaf): string {
  const times = leaf.node.count > 1 ? ` (${leaf.node.count} times)` : ''
  const ageMs = leaf.ageMs ?? 0
  const age = leaf.cause === 'timer' || ageMs < 1_000 ? '' : `, for ${seconds(ageMs)} at least`
  return `${placeText(leaf.blame.where)}${times} waits for ${whatText(leaf)}${age}`
}

function whatText({ cause, waits }: Leaf): string {
  if (cause === 'timer') {
    const set = waits.sinceMs === undefined ? '' : `, set ${seconds(waits.sinceMs)} ago`
    return `a timer that is due in ${seconds(Math.max(0, waits.dueInMs ?? 0))}${set}`
  }
  if (waits.blocking !== undefined)
    return `${waits.blocking}, a command that waits at the server until something comes${waits.peer === undefined ? '' : ` (${waits.peer})`}`
  if (waits.kind === 'http-request' && waits.url !== undefined)
    return `the answer to ${waits.method ?? ''} ${waits.url}`
  return waits.kind === 'unknown' || waits.kind === 'nothing' ? `something unknown (${waits.summary})` : waits.summary
}

/** Requests of clients without the head of an answer, in every look; the oldest first. */
export function unansweredOf(view: View): readonly UnansweredRequest[] {
  const key = ({ fd, method, path }: UnansweredRequest): string => [fd, method, path].join(' ')
  const before = new Set((view.first.awaits?.requests ?? []).map(key))
  return (view.last.awaits?.requests ?? [])
    .filter((each) => !each.begun && before.has(key(each)) && (each.sinceMs ?? view.spanMs) >= OPEN_MS)
    .toSorted((a, b) => (b.sinceMs ?? 0) - (a.sinceMs ?? 0))
}

/** Jobs that are under way, by the same processors in every look, the oldest first. */
export function jobsOf(view: View): readonly OpenJob[] {
  const key = ({ queue, processor }: OpenJob): string => JSON.stringify([queue, processor])
  const before = new Set((view.first.awaits?.jobs ?? []).map(key))
  return (view.last.awaits?.jobs ?? [])
    .filter((each) => before.has(key(each)) && (each.sinceMs ?? view.spanMs) >= OPEN_MS)
    .toSorted((a, b) => (b.sinceMs ?? 0) - (a.sinceMs ?? 0))
}

/** `1 job of bull has not ended: that of ship (worker.js:4), for 25 s`; null without any. */
export function jobsText(jobs: readonly OpenJob[]): string | null {
  const [first] = jobs
  if (first === undefined) return null
  const count = jobs.reduce((sum, each) => sum + each.count, 0)
  const whose =
    first.processor === null ? '' : `: ${count === 1 ? 'that' : 'the oldest is one'} of ${holderText(first.processor)}`
  const since = first.sinceMs === null ? '' : `, for ${seconds(first.sinceMs)}`
  return `${plural(count, 'job')} of ${first.queue} ${count === 1 ? 'has' : 'have'} not ended${whose}${since}`
}

/** Answers of an http.Agent's sockets that lie there without a reader, in every look; null without any. */
export function unreadText(view: View): string | null {
  const before = view.first.awaits?.unreadAnswers ?? []
  const now = view.last.awaits?.unreadAnswers ?? []
  if (view.first === view.last || before.length === 0) return null
  const [worst] = now.toSorted((a, b) => b.unread - a.unread)
  if (worst === undefined) return null
  const many = worst.unread === 1 ? '1 answer has started and lies' : `${worst.unread} answers have started and lie`
  return `${many} unread on the sockets of ${worst.agent}${worst.limit === null ? '' : ` (at most ${worst.limit} for a host)`}${worst.request?.url === undefined ? '' : `: ${worst.request.method ?? ''} ${worst.request.url}`}`
}

/** `3 accepted requests were never answered: GET /report from 127.0.0.1:4711, for 21 s at least`; null without any. */
export function unansweredText(requests: readonly UnansweredRequest[]): string | null {
  const [oldest] = requests
  if (oldest === undefined) return null
  const count = requests.length === 1 ? '1 accepted request was' : `${plural(requests.length, 'accepted request')} were`
  return `${count} never answered: ${requestLine(oldest)}${requests.length > 1 ? ' is the oldest' : ''}`
}
