/** The Conductor-compatible server of `test/fixtures/conductor-server`, as a process of its own, driven from a test. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'

const SERVER = path.resolve(__dirname, '../fixtures/conductor-server/server.mjs')

export type ServerMode =
  | 'ok'
  | 'poll-hang'
  | 'body-hang'
  | 'trickle'
  | 'update-hang'
  | '503'
  | 'long-poll'
  | 'update-feeds-next-task'

export interface ServerOptions {
  readonly mode?: ServerMode
  /** HTTP/2 over TLS (HTTP/1.1 too), certificate made for this run. */
  readonly tls?: boolean
  readonly holdMs?: number
  readonly trickleMs?: number
  readonly taskEvery?: number
}

export interface TaskFields {
  readonly count?: number
  readonly responseTimeoutSeconds?: number
  /** Of its definition, sent along with the task. */
  readonly timeoutSeconds?: number
  readonly retryCount?: number
  /** How often it is tried again when it fails. */
  readonly retries?: number
  readonly inputData?: Readonly<Record<string, unknown>>
}

export interface ServerTask {
  readonly taskId: string
  readonly taskType: string
}

export interface ServerState {
  readonly pid: number
  readonly mode: ServerMode
  readonly connections: number
  readonly polls: number
  readonly answeredPolls: number
  readonly abandonedPolls: number
  readonly updates: number
  readonly held: readonly ServerTask[]
  readonly completed: readonly { taskId: string; taskType: string | null; status: string }[]
  readonly queued: Readonly<Record<string, number>>
  readonly lastPolls: Readonly<Record<string, { workerId: string; lastPollTime: number }>>
}

export interface LoggedRequest {
  readonly atMs: number
  readonly httpVersion: string
  readonly method: string
  readonly path: string
  /** Null while unanswered. */
  readonly status: number | null
  readonly abandoned: boolean
}

export interface ConductorServer {
  readonly pid: number
  readonly port: number
  /** `CONDUCTOR_SERVER_URL` for a worker. */
  readonly url: string
  setMode(mode: ServerMode, holdMs?: number): Promise<void>
  enqueue(taskType: string, fields?: TaskFields): Promise<readonly ServerTask[]>
  /** Every connection of now swallows what comes; new ones work, with `http2` only those that do not offer it. */
  mute(options?: { readonly http2?: boolean }): Promise<void>
  state(): Promise<ServerState>
  requests(): Promise<readonly LoggedRequest[]>
  stop(): Promise<void>
}

function flags(options: ServerOptions): string[] {
  const list = ['--with-parent']
  if (options.mode) list.push('--mode', options.mode)
  if (options.tls) list.push('--tls')
  if (options.holdMs !== undefined) list.push('--hold-ms', String(options.holdMs))
  if (options.trickleMs !== undefined) list.push('--trickle-ms', String(options.trickleMs))
  if (options.taskEvery !== undefined) list.push('--task-every', String(options.taskEvery))
  return list
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the server has no stdout')
  const lines = createInterface({ input: child.stdout })
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the server ended with ${String(code)} before it listened`)
    }),
  ])) as [string]
  return line
}

/** Started when the promise resolves; ends with `stop()`, or with this process. */
export async function startConductorServer(options: ServerOptions = {}): Promise<ConductorServer> {
  const child = spawn(process.execPath, [SERVER, ...flags(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const started = JSON.parse(await firstLine(child)) as { url: string; control: string; port: number; pid: number }
  const call = async <T>(what: string, body?: object): Promise<T> => {
    const init = body ? { method: 'POST', body: JSON.stringify(body) } : {}
    const response = await fetch(`${started.control}/${what}`, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${what}: ${response.status} ${text}`)
    return JSON.parse(text) as T
  }
  return {
    pid: started.pid,
    port: started.port,
    url: started.url,
    setMode: async (mode, holdMs) => void (await call('mode', { mode, ...(holdMs === undefined ? {} : { holdMs }) })),
    enqueue: (taskType, fields = {}) => call('tasks', { taskType, ...fields }),
    mute: async (options = {}) => void (await call('mute', options)),
    state: () => call('state'),
    requests: () => call('requests'),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
