/** What the server answered, set against what the worker's own clocks say: which side is it? Pure. */
import { formatDuration, plural } from '../model/amounts.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { PolledBy, PollRow, ServerAnswer, ServerView } from '../model/server-view.js'
import { taskTypeOf } from './servers-to-ask.js'

/** What the clocks of two machines, and the way between them, may differ by. */
const SLACK_MS = 2000
/** A poll this old is no sign that anybody still polls. */
const LONG_AGO_MS = 30_000

export function serverViews(answers: readonly ServerAnswer[], clocks: readonly ClockReading[]): ServerView[] {
  return answers.map((answer) => {
    const clock = clocks.find(({ name }) => taskTypeOf(name) === answer.taskType)
    const polledBy = clock === undefined ? null : polledByOf(answer.polls, clock)
    const scheduled = answer.queued === null ? null : answer.queued > 0
    return {
      ...answer,
      clock: clock?.name ?? `conductor:${answer.taskType}`,
      polledBy,
      scheduled,
      summary: summaryOf(answer, polledBy),
    }
  })
}

/** The row does not say which process polled: two of one host have one name. That it is younger than our own poll does. */
function polledByOf(polls: readonly PollRow[] | null, clock: ClockReading): PolledBy | null {
  if (polls === null) return null
  const last = latest(polls)
  if (last === null) return 'nobody'
  const ownMs = clock.inFlightMs ?? clock.lastSuccessMs
  if (ownMs !== null && last.agoMs < ownMs - SLACK_MS) return 'somebody-else'
  if (ownMs === null || last.agoMs > Math.max(LONG_AGO_MS, ownMs + SLACK_MS)) return 'nobody'
  return 'this-worker'
}

function latest(polls: readonly PollRow[]): PollRow | null {
  return polls.reduce<PollRow | null>((best, row) => (best === null || row.agoMs < best.agoMs ? row : best), null)
}

function summaryOf({ server, taskType, polls, queued, problem }: ServerAnswer, polledBy: PolledBy | null): string {
  if (polls === null && queued === null)
    return `${server} could not be asked about ${taskType}: ${problem ?? 'no answer'}.`
  const waiting =
    queued === null
      ? 'The server does not say how many tasks wait'
      : queued === 0
        ? `No task of ${taskType} is scheduled`
        : `${plural(queued, 'task')} of ${taskType} ${queued === 1 ? 'waits' : 'wait'}`
  return `${waiting}, and ${whoText(polls, polledBy)}.`
}

function whoText(polls: readonly PollRow[] | null, polledBy: PolledBy | null): string {
  const last = polls === null ? null : latest(polls)
  if (polls === null) return 'it does not say who polls'
  if (last === null) return 'nobody ever polled for it'
  const who = `the last poll, by ${last.workerId === '' ? 'a worker without a name' : last.workerId}, was ${formatDuration(last.agoMs)} ago`
  switch (polledBy) {
    case 'somebody-else':
      return `somebody else polls for it: ${who}, later than this worker's own`
    case 'this-worker':
      return `nobody else polls for it: ${who}, which is this worker's own`
    case 'nobody':
      return `nobody polls for it: ${who}`
    case null:
      return who
  }
}
