/**
 * Conductor itself: the verdict into the log of each task that stood still, and, when that is asked for, the task failed
 * once the process that held it is gone, so that somebody else gets it at once and not after its response time-out. Over a
 * connection of its own, as the worker's may be what is dead, with the SDK's settings and credentials.
 *
 * Paths and fields are those of Conductor 3.21 (TaskResource and TokenResource there): `GET /tasks/ID`, `GET` and `POST
 * /tasks/ID/log` (plain text), `POST /tasks` with a TaskResult, `POST /token` with keyId and keySecret.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { readTombstones } from '../../incident/tombstone.js'
import { isThere } from '../../platform/procfs/process.js'
import type { HttpClient } from '../contract/http.js'
import type { Check, Delivered, Parcel, SinkContext, Store } from '../contract/sink.js'
import { refused } from '../contract/sink-error.js'
import type { StuckTask, StuckWork } from '../contract/stuck-work.js'

/** Conductor cuts a longer one. */
const MAX_REASON = 500
/** A worker that the watchdog is about to end is gone soon; one that is only warned of lives on. */
const END_IS_NEAR_MS = 30_000
const WARNED_MS = 2000
const LOOK_EVERY_MS = 100

export function open(context: SinkContext): Store {
  const { values, env } = context
  const base = serverOf(values.text('url') ?? env['CONDUCTOR_SERVER_URL'] ?? '')
  const keyId = values.text('key_id') ?? (env['CONDUCTOR_AUTH_KEY'] ?? '').trim()
  const keySecret = values.text('key_secret') ?? (env['CONDUCTOR_AUTH_SECRET'] ?? '').trim()
  const trust = {
    caFile: env['CONDUCTOR_TLS_CA_PATH'] ?? null,
    insecure: isTrue(env['CONDUCTOR_TLS_INSECURE']),
    certFile: env['CONDUCTOR_TLS_CERT_PATH'] ?? null,
    keyFile: env['CONDUCTOR_TLS_KEY_PATH'] ?? null,
    proxy: proxyOf(env['CONDUCTOR_PROXY_URL'] ?? ''),
  }
  let client: Promise<HttpClient> | null = null

  async function logIn(): Promise<HttpClient> {
    if (keyId === '' || keySecret === '') return context.http(base, {}, trust)
    const answer = await context.http(base, {}, trust).send('POST', '/token', { json: { keyId, keySecret } })
    return context.http(base, { 'x-authorization': answer.text('token') }, trust)
  }

  return {
    kind: 'store',
    put: async (parcel) => {
      const { stuck } = parcel
      if (stuck === null || stuck.tasks.length === 0) return { ref: 'no task of Conductor’s stood still', url: null }
      const http = await (client ??= logIn())
      for (const task of stuck.tasks) await writeLog(http, parcel, stuck, task)
      const failed = values.flag('fail_tasks') ? await failAll(http, parcel, stuck, context.rehearse !== null) : []
      return told(stuck, failed)
    },
    check: async () => [await check(base, await (client ??= logIn()))],
  }
}

/** As the SDK reads it: with or without `/api` at its end. */
function serverOf(url: string): string {
  if (!URL.canParse(url)) {
    throw refused(
      'conductor needs the server’s address',
      'Set CONDUCTOR_SERVER_URL, or CONDUCTOR_STALL_SINK_CONDUCTOR_URL.',
    )
  }
  return `${url.replace(/\/+$/, '').replace(/\/api$/, '')}/api`
}

/** Through which the SDK reaches this server, whatever goes elsewhere. */
function proxyOf(text: string): string | null {
  const url = text.trim()
  if (url === '') return null
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  throw refused('CONDUCTOR_PROXY_URL is no address of a proxy', 'Set it to http://HOST:PORT, or unset it.')
}

function isTrue(text = ''): boolean {
  return /^(?:true|1)$/i.test(text.trim())
}

/** Once an incident: after a crash in the middle what is there already is not written again. */
async function writeLog(
  http: HttpClient,
  { incident }: Parcel,
  { text }: StuckWork,
  { taskId }: StuckTask,
): Promise<void> {
  const path = `/tasks/${encodeURIComponent(taskId)}/log`
  const there = await http.get(path, { accept: [404] })
  if (there.list().some((line) => line.maybe('log')?.includes(incident) === true)) return
  const data = Buffer.from(text)
  await http.send('POST', path, { bytes: { data, contentType: 'text/plain; charset=utf-8' }, answers: 'nothing' })
}

/** @returns the ids of those that are failed now; none while the process lives, since it may still finish them. */
async function failAll(http: HttpClient, parcel: Parcel, stuck: StuckWork, rehearsal: boolean): Promise<string[]> {
  if (!rehearsal && !(await isGone(parcel, stuck))) return []
  const failed: string[] = []
  for (const task of stuck.tasks) if (await fail(http, parcel, stuck, task, rehearsal)) failed.push(task.taskId)
  return failed
}

/**
 * Seen alive and then not, or ended by the watchdog. That there is no process of that number proves nothing by itself: a
 * sidecar has numbers of its own.
 */
async function isGone({ incident }: Parcel, { pid, startTicks, directory, ending }: StuckWork): Promise<boolean> {
  const until = performance.now() + (ending ? END_IS_NEAR_MS : WARNED_MS)
  const isBuried = (): boolean =>
    readTombstones([directory]).some(({ tombstone }) => tombstone.pid === pid && tombstone.incident === incident)
  for (let seen = false; performance.now() < until; await pause(LOOK_EVERY_MS)) {
    const there = isThere(pid, startTicks)
    if (!there && (seen || isBuried())) return true
    seen ||= there
  }
  return false
}

async function fail(
  http: HttpClient,
  { incident }: Parcel,
  { reason, text }: StuckWork,
  { taskId }: StuckTask,
  rehearsal: boolean,
): Promise<boolean> {
  const task = await http.get(`/tasks/${encodeURIComponent(taskId)}`, { accept: [404] })
  // Ended, given to somebody else, or unknown: not ours any more.
  if (!rehearsal && task.maybe('status') !== 'IN_PROGRESS') return false
  await http.send('POST', '/tasks', {
    json: {
      workflowInstanceId: task.text('workflowInstanceId'),
      taskId,
      status: 'FAILED',
      reasonForIncompletion: reason.slice(0, MAX_REASON),
      // Not every server has kept it.
      workerId: rehearsal ? task.text('workerId') : (task.maybe('workerId') ?? ''),
      logs: [{ log: text, taskId, createdTime: Date.now() }],
      outputData: { stallIncident: incident },
    },
    answers: 'text',
  })
  return true
}

function told({ tasks }: StuckWork, failed: readonly string[]): Delivered {
  const names = tasks.map(({ taskId }) => (failed.includes(taskId) ? `${taskId} (failed)` : taskId))
  return { ref: `tasks ${names.join(', ')}`, url: null }
}

async function check(base: string, http: HttpClient): Promise<Check> {
  const answer = await http.get('/tasks/queue/polldata', {
    query: { taskType: 'stall-check' },
    accept: [400, 401, 403, 404],
  })
  const ok = answer.status !== 401 && answer.status !== 403
  return {
    ok,
    text: `${base} answers ${answer.status}`,
    ...(ok
      ? {}
      : { advice: 'Set CONDUCTOR_AUTH_KEY and CONDUCTOR_AUTH_SECRET of an application that may update tasks.' }),
  }
}
