/**
 * Requests that a server has accepted and not answered, and the timers that run, out of the objects of one scan. Only
 * what its own owner still refers to counts: the heap is full of ended ones that nobody has collected yet.
 *
 * lib/_http_server.js: a response is its socket's `_httpMessage` from assignSocket() until it is finished. HTTP/2 has
 * no such link; its responses are left out. lib/internal/timers.js: a running timer is in a linked list.
 */
import type { ActiveTimer, ClientSession, OpenJob, UnansweredRequest, UnreadAnswers } from '../../model/open-work.js'
import type { Tagged } from '../../v8/heap/heap.js'
import type { CodeScopes } from '../../v8/objects/code-scopes.js'
import type { Objects } from '../../v8/objects/objects.js'
import { timerDue } from '../../resources/timers.js'
import { MemoryObject } from '../resources/memory-object.js'
import { agentMember, socketDescriptor } from '../resources/describe-resource.js'
import { entriesOf } from '../resources/collections.js'
import { isAgent } from '../resources/http-agent.js'
import type { NativeObjects } from '../resources/native-objects.js'
import type { AwaitScan } from './await-scan.js'
import { groupedJobs, jobOf } from './open-jobs.js'
import { definitionOf } from './definition.js'
import { handlersOf } from './request-handlers.js'

/** What fastify makes of a request. */
const WRAPPERS: readonly string[] = ['Request', '_Request']
/** Whose objects the scan is to collect; timers are collected anyway. */
export const OPEN_WORK_CLASSES: ReadonlySet<string> = new Set(['ServerResponse', 'Agent', ...WRAPPERS])

const MAX_REQUESTS = 1_000
const MAX_SESSIONS = 100
const MAX_AGENTS = 100
const MAX_SOCKETS = 200
const MAX_TIMERS = 20_000
const MAX_GROUPS = 100
const MAX_PATH = 1_000

export interface OpenWork {
  readonly requests: readonly UnansweredRequest[]
  /** The soonest first. */
  readonly timers: readonly ActiveTimer[]
  readonly jobs: readonly OpenJob[]
  readonly sessions: readonly ClientSession[]
  readonly unreadAnswers: readonly UnreadAnswers[]
}

export interface OpenWorkContext {
  readonly objects: Objects
  readonly natives: NativeObjects
  readonly scopes: CodeScopes
  /** Now, in ms since the isolate's environment started; null when that can't be told. */
  readonly uptimeMs: number | null
  readonly tid: number | null
}

export function readOpenWork(context: OpenWorkContext, scan: AwaitScan): OpenWork {
  const { objects } = context
  const requests: UnansweredRequest[] = []
  const sessions: ClientSession[] = []
  const unreadAnswers: UnreadAnswers[] = []
  const jobs: OpenJob[] = []
  let agents = 0
  const groups = new Map<string, ActiveTimer>()
  const wrappers = new Map<Tagged, Tagged>()
  for (const object of scan.others) {
    const raw = WRAPPERS.includes(objects.className(object)) ? objects.get(object, 'raw') : undefined
    if (raw !== undefined && !wrappers.has(raw)) wrappers.set(raw, object)
  }
  let timers = 0
  for (const object of scan.others) {
    if (!objects.heap.is(object, 'JS_OBJECT')) continue
    const name = objects.className(object)
    if (name === 'ClientHttp2Session') {
      const session = sessions.length < MAX_SESSIONS ? readSession(context, object) : null
      if (session !== null) sessions.push(session)
    } else if (name === 'Agent') {
      if (agents++ < MAX_AGENTS && isAgent(objects, object)) unreadAnswers.push(...readAgentSockets(context, object))
    } else if (name === 'Timeout') {
      const timer = timers++ < MAX_TIMERS ? readTimer(context, object) : null
      if (timer !== null) addTimer(groups, timer)
      const job = timer === null ? null : jobOf(context, object)
      if (job !== null) jobs.push(job)
    } else if (requests.length < MAX_REQUESTS) {
      const request = readRequest(context, object, wrappers)
      if (request !== null) requests.push(request)
    }
  }
  const soonest = (timer: ActiveTimer): number => timer.dueInMs ?? Number.POSITIVE_INFINITY
  return {
    requests,
    jobs: groupedJobs(jobs),
    sessions,
    unreadAnswers,
    timers: [...groups.values()].toSorted((a, b) => soonest(a) - soonest(b)),
  }
}

function readRequest(
  context: OpenWorkContext,
  response: Tagged,
  wrappers: ReadonlyMap<Tagged, Tagged>,
): UnansweredRequest | null {
  const { objects, natives, tid } = context
  // A response of a user's own class has none of this; one that was sent has no socket any more.
  if (objects.getBoolean(response, ['finished']) !== false) return null
  if (objects.getBoolean(response, ['destroyed']) === true) return null
  const socket = objects.getObject(response, ['socket', '[kSocket]'])
  if (socket === 0 || objects.getObject(socket, ['_httpMessage']) !== response) return null
  const fd = socketDescriptor({ objects, natives, uptimeMs: null }, socket)
  if (fd === null) return null
  const request = objects.getObject(response, ['req'])
  // Routers take their own part off `url`.
  const asked = request === 0 ? null : objects.getText(request, ['originalUrl'], MAX_PATH)
  const path = request === 0 ? null : (asked ?? objects.getText(request, ['url'], MAX_PATH))
  const begun = objects.getBoolean(response, ['_headerSent']) === true
  const incomplete = request !== 0 && objects.getBoolean(request, ['complete']) === false
  const handlers = request === 0 || begun ? [] : handlersOf({ ...context, wrappers }, request, socket)
  return {
    method: request === 0 ? null : objects.getText(request, ['method'], 20),
    path: path === null ? null : path.replace(/[?#].*$/s, ''),
    begun,
    ...(incomplete ? { body: 'incomplete' as const } : {}),
    fd,
    ...(handlers.length === 0 ? {} : { handlers }),
    ...(tid === null ? {} : { tid }),
  }
}

/** One that was destroyed has no socket any more. */
function readSession({ objects, natives }: OpenWorkContext, session: Tagged): ClientSession | null {
  const socket = objects.getObject(session, ['[socket]', '[kSocket]'])
  const fd = socket === 0 ? null : socketDescriptor({ objects, natives, uptimeMs: null }, socket)
  return fd === null ? null : { fd, authority: objects.getText(session, ['[authority]', '[kAuthority]'], MAX_PATH) }
}

/** By host. An agent that nobody uses any more has no sockets. */
function readAgentSockets({ objects, natives }: OpenWorkContext, agent: Tagged): UnreadAnswers[] {
  const describe = { objects, natives, uptimeMs: null }
  const limit = objects.getNumber(agent, ['maxSockets'])
  return [...objects.properties(objects.getObject(agent, ['sockets']))].flatMap(({ value }) => {
    const sockets = objects.isObject(value) ? entriesOf(objects, value, MAX_SOCKETS) : []
    const open = sockets.filter((socket) => socketDescriptor(describe, socket) !== null)
    const unread = open.map((socket) => agentMember(describe, socket)).filter(({ doing }) => doing === 'unread')
    if (unread.length === 0) return []
    return [
      {
        agent: objects.className(agent),
        unread: unread.length,
        sockets: sockets.length,
        limit: limit !== null && Number.isFinite(limit) ? limit : null,
        ...(unread[0]?.request === undefined ? {} : { request: unread[0].request }),
      },
    ]
  })
}

function readTimer({ objects, natives, uptimeMs, tid }: OpenWorkContext, timer: Tagged): ActiveTimer | null {
  if (objects.getBoolean(timer, ['_destroyed']) !== false) return null
  const next = objects.getObject(timer, ['_idleNext'])
  if (next === 0 || objects.getObject(next, ['_idlePrev']) !== timer) return null
  const due = timerDue(new MemoryObject(objects, natives, timer))
  if (due === null) return null
  return {
    repeats: due.repeats,
    afterMs: due.afterMs,
    dueInMs: uptimeMs === null ? null : Math.round(due.dueAtMs - uptimeMs),
    count: 1,
    referenced: objects.getBoolean(timer, ['[refed]', '[kRefed]']) !== false,
    callback: definitionOf(objects, objects.get(timer, '_onTimeout') ?? 0),
    ...(tid === null ? {} : { tid }),
  }
}

function addTimer(groups: Map<string, ActiveTimer>, timer: ActiveTimer): void {
  const { callback, afterMs, repeats, referenced } = timer
  const key = [callback?.file, callback?.line, callback?.column, afterMs, repeats, referenced].join('|')
  const known = groups.get(key)
  if (known === undefined) {
    if (groups.size < MAX_GROUPS) groups.set(key, timer)
    return
  }
  const dueInMs = known.dueInMs === null || timer.dueInMs === null ? null : Math.min(known.dueInMs, timer.dueInMs)
  groups.set(key, { ...known, count: known.count + 1, dueInMs })
}
