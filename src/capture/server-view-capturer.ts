/**
 * `server-view`: what Conductor's server says of the task types of a silent worker: who polled last, and how many tasks
 * wait. From inside only: whoever looks from outside has neither the worker's credentials nor its network.
 *
 * `GET /tasks/queue/polldata?taskType=` and `GET /tasks/queue/sizes?taskType=` (TaskResource of Conductor 3.21).
 */
import type { PollRow, ServerAnswer, ServerToAsk } from '../model/server-view.js'
import type { Target } from '../model/target.js'
import type { Capability } from './capability.js'
import type { Capturer } from './capturer.js'
import { type ApiAccess, type ApiAnswer, ConductorApi } from './conductor-api.js'

const AT_MOST_MS = 3000
const MAX_ROWS = 20
const MAX_ID = 200

export function createServerViewCapturer(asked: ServerToAsk, access: ApiAccess): Capturer<readonly ServerAnswer[]> {
  return {
    name: 'server-view',
    supports(target: Target): Capability {
      return target.inside ? 'yes' : { no: 'only from inside the worker, whose credentials and network it takes' }
    },
    async capture(_session, { deadlineMs, signal }) {
      const untilMs = Math.min(deadlineMs, performance.now() + AT_MOST_MS)
      const startedMs = performance.now()
      try {
        const api = new ConductorApi(asked, access, untilMs, signal)
        return await Promise.all(asked.taskTypes.map((taskType) => ask(api, asked.base, taskType)))
      } catch (error) {
        return asked.taskTypes.map((taskType) => unanswered(asked.base, taskType, problemOf(error), startedMs))
      }
    },
  }
}

async function ask(api: ConductorApi, server: string, taskType: string): Promise<ServerAnswer> {
  const startedMs = performance.now()
  const query = `taskType=${encodeURIComponent(taskType)}`
  const problems: string[] = []
  const get = async <T>(path: string, read: (answer: ApiAnswer) => T | null): Promise<T | null> => {
    try {
      const answer = await api.get(`${path}?${query}`)
      const value = answer.status === 200 ? read(answer) : null
      if (value === null) problems.push(`${path} answered ${answer.status}`)
      return value
    } catch (error) {
      problems.push(problemOf(error))
      return null
    }
  }
  const [polls, queued] = await Promise.all([
    get('/tasks/queue/polldata', rowsOf),
    get('/tasks/queue/sizes', (answer) => sizeOf(answer, taskType)),
  ])
  const problem = [...new Set(problems)].join('; ')
  const tookMs = Math.round(performance.now() - startedMs)
  return { server, taskType, polls, queued, tookMs, ...(problem === '' ? {} : { problem }) }
}

function unanswered(server: string, taskType: string, problem: string, startedMs: number): ServerAnswer {
  return { server, taskType, polls: null, queued: null, tookMs: Math.round(performance.now() - startedMs), problem }
}

/** How long ago by the server's clock, as far as it says: that of this machine may be another. */
function rowsOf({ body, serverMs }: ApiAnswer): PollRow[] | null {
  if (!Array.isArray(body)) return null
  const nowMs = serverMs ?? Date.now()
  return body.slice(0, MAX_ROWS).flatMap((row: unknown): PollRow[] => {
    const { workerId, lastPollTime, domain } = (row ?? {}) as Record<string, unknown>
    if (typeof lastPollTime !== 'number') return []
    return [
      {
        workerId: typeof workerId === 'string' ? workerId.slice(0, MAX_ID) : '',
        agoMs: Math.max(0, Math.round(nowMs - lastPollTime)),
        ...(typeof domain === 'string' && domain !== '' ? { domain: domain.slice(0, MAX_ID) } : {}),
      },
    ]
  })
}

function sizeOf({ body }: ApiAnswer, taskType: string): number | null {
  const size: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, taskType) : null
  return typeof size === 'number' ? size : null
}

function problemOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return typeof code === 'string' ? code : typeof message === 'string' ? message : 'no answer'
}
