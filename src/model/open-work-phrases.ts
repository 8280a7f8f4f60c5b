/** Accepted requests and running timers as phrases, for verdicts and screens alike. */
import { formatDuration, plural } from './amounts.js'
import type { ActiveTimer, UnansweredRequest } from './open-work.js'
import type { WaitHolder } from './wait.js'

const MOST_HANDLERS = 4

/** `GET /report from 127.0.0.1:4711, for 21 s at least, its body is not complete, handled by report (app.js:12)`. */
export function requestLine({ method, path, peer, sinceMs, body, handlers }: UnansweredRequest): string {
  const from = peer === undefined ? '' : ` from ${peer}`
  const since = sinceMs === undefined ? '' : `, for ${formatDuration(sinceMs)} at least`
  return `${method ?? 'a request'} ${path ?? ''}${from}${since}${body === undefined ? '' : ', its body is not complete'}${handlersText(handlers ?? [])}`
}

function handlersText(handlers: readonly WaitHolder[]): string {
  if (handlers.length === 0) return ''
  const names = handlers.map((each) =>
    callbackText({ ...each, function: null }).replace(/^ /, `${each.function ?? 'an anonymous function'} `),
  )
  const more = names.length > MOST_HANDLERS ? ` and ${names.length - MOST_HANDLERS} more` : ''
  return `, handled by ${names.length === 1 ? '' : 'one of '}${names.slice(0, MOST_HANDLERS).join(', ')}${more}`
}

/** `3 intervals of 50 ms (sweep, cache.js:32)`, `1 timer of 20 s, due in 17.2 s (open, line.js:55)`. */
export function timerText({ repeats, afterMs, dueInMs, count, callback }: ActiveTimer): string {
  const noun = repeats ? 'interval' : 'timer'
  const due = repeats || dueInMs === null || afterMs < 1_000 ? '' : `, due in ${formatDuration(Math.max(0, dueInMs))}`
  return `${plural(count, noun)} of ${formatDuration(afterMs)}${due}${callbackText(callback)}`
}

function callbackText(callback: ActiveTimer['callback']): string {
  if (callback?.file == null) return ''
  const file = callback.source?.file ?? callback.file
  const line = callback.source?.line ?? callback.line
  const at = `${file.slice(file.lastIndexOf('/') + 1)}:${line ?? '?'}`
  return callback.function === null ? ` (${at})` : ` (${callback.function}, ${at})`
}
