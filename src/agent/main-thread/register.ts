/** One agent a process, whichever door it came through and however many copies of the package are installed. */
import { isMainThread } from 'node:worker_threads'
import { VERSION } from '../../model/version.js'
import { isRequestedHere, PACKAGE_ROOT } from './explicit-request.js'
import { createHost, type Host } from './host.js'

const AGENT = Symbol.for('conductor-stall-agent')

interface Registered {
  readonly version: string
  /** Null: disabled, or it could not be set up. */
  readonly host: Host | null
}

/** Sets the agent up once. Null in worker threads, when disabled, or when it could not be set up. Never throws. */
export function register(): Host | null {
  // A preload runs in the loader's thread and in the application's worker threads too: those are not watched.
  if (!isMainThread) return null
  const present = (globalThis as { [AGENT]?: Registered })[AGENT]
  if (present) return present.host
  let host: Host | null = null
  try {
    host = createHost(process.env)
  } catch (thrown) {
    complain(thrown)
  }
  // Before anything else can fail or call back: a second registration has to find the first.
  Object.defineProperty(globalThis, AGENT, { value: { version: VERSION, host } satisfies Registered })
  try {
    const { execArgv, argv, env } = process
    const start = { execArgv, script: argv[1], nodeOptions: env['NODE_OPTIONS'], run: env['CONDUCTOR_STALL_RUN'] }
    host?.install(isRequestedHere(start, PACKAGE_ROOT))
  } catch (thrown) {
    complain(thrown)
  }
  return host
}

function complain(thrown: unknown): void {
  // Node's own synchronous way: no stream is set up, and the worker goes on unwatched.
  process.emitWarning(`conductor-stall-agent could not be set up: ${String(thrown)}`)
}
