/**
 * Pauses the main thread for a moment and always lets it go again. What is here decides that we never leave a worker
 * paused: a pause that nobody waits for (a `debugger` statement, our own that came late) is resumed at once, the
 * resume is sent whatever happened in between, and the end of the session releases it as well.
 */
import type Protocol from 'devtools-protocol'
import { StallError } from '../../model/stall-error.js'
import { type CdpConnection, withDeadline } from '../connection/cdp-connection.js'

export interface Debuggee {
  /** URLs of scripts by id, as V8 announced them: call frames may come without one. */
  readonly urls: ReadonlyMap<string, string>
  /**
   * Pauses, runs `during` and resumes; gives its result and how long the target stood still.
   * @throws StallError ERR_STALL_INSPECTOR_TIMEOUT when nothing stopped by the deadline
   */
  whilePaused<T>(deadlineMs: number, during: (event: Protocol.Debugger.PausedEvent) => Promise<T>): Promise<Paused<T>>
  /** Disables the domain, bounded; the end of the connection would do it too. */
  release(deadlineMs: number): Promise<void>
}

export interface Paused<T> {
  readonly result: T
  readonly pausedMs: number
}

const RESUME_MS = 1000
const MAX_SCRIPTS = 20_000
/** Of one URL: a script may be named by a `data:` URL that is the whole script. */
const MAX_URL_CHARS = 4096
/** Pauses that nobody asked for; each is answered, and whoever sends more of them is no debugger. */
const MAX_UNASKED = 1000

/**
 * Enables the debugger domain.
 * @throws StallError ERR_STALL_INSPECTOR_UNAVAILABLE when another debugger holds the main thread: a resume of ours
 * would take it out of that person's hands
 */
export async function attachDebugger(connection: CdpConnection, deadlineMs: number): Promise<Debuggee> {
  const urls = new Map<string, string>()
  const stopScripts = connection.on('Debugger.scriptParsed', (script) => {
    if (urls.size < MAX_SCRIPTS) urls.set(script.scriptId, script.url.slice(0, MAX_URL_CHARS))
  })
  let state: 'attaching' | 'attached' | 'foreign' = 'attaching'
  let unasked = 0
  let awaited: ((event: Protocol.Debugger.PausedEvent) => void) | null = null
  const stopPauses = connection.on('Debugger.paused', (event) => {
    // V8 reports a pause that was there before us ahead of its answer to `enable`.
    if (state === 'attaching') state = 'foreign'
    else if (awaited) awaited(event)
    else if (++unasked > MAX_UNASKED) connection.disconnect()
    else connection.send('Debugger.resume', {}, performance.now() + RESUME_MS).catch(() => connection.disconnect())
  })
  const stop = (): void => {
    stopScripts()
    stopPauses()
  }
  try {
    await connection.send('Debugger.enable', {}, deadlineMs)
    if (isForeign(state)) throw heldByAnother()
    state = 'attached'
  } catch (thrown) {
    stop()
    throw thrown
  }

  const pause = (pauseDeadlineMs: number): Promise<Protocol.Debugger.PausedEvent> =>
    withDeadline(
      (resolve, reject) => {
        awaited = resolve
        connection.send('Debugger.pause', undefined, pauseDeadlineMs).catch(reject)
        return () => (awaited = null)
      },
      pauseDeadlineMs,
      () => new StallError('ERR_STALL_INSPECTOR_TIMEOUT', 'no JavaScript was reached in which to pause'),
    )

  return {
    urls,
    async whilePaused(pauseDeadlineMs, during) {
      const event = await pause(pauseDeadlineMs)
      const pausedAtMs = performance.now()
      try {
        const result = await during(event)
        return { result, pausedMs: await resume(connection, pausedAtMs) }
      } catch (thrown) {
        await resume(connection, pausedAtMs)
        throw thrown
      }
    },
    async release(releaseDeadlineMs) {
      try {
        await connection.send('Debugger.disable', undefined, releaseDeadlineMs)
      } finally {
        stop()
      }
    },
  }
}

/** A function, because the compiler can't know that a listener changed the variable meanwhile. */
function isForeign(state: string): boolean {
  return state === 'foreign'
}

function heldByAnother(): StallError {
  return new StallError('ERR_STALL_INSPECTOR_UNAVAILABLE', 'another debugger holds the main thread paused', {
    help: 'Continue or detach that debugger: it is what stops this process.',
  })
}

async function resume(connection: CdpConnection, pausedAtMs: number): Promise<number> {
  await connection.send('Debugger.resume', {}, performance.now() + RESUME_MS)
  return performance.now() - pausedAtMs
}
