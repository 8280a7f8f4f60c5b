/** The reader's end of the control socket: connects, checks who answers, asks; every step has a deadline. */
import type { Socket } from 'node:net'
import { StallError } from '../../model/stall-error.js'
import { readStat } from '../procfs/stat.js'
import { createLineSplitter } from './lines.js'
import {
  checkResult,
  errorOf,
  MAX_REPLY_BYTES,
  parseReply,
  PROTOCOL_VERSION,
  type CaptureCommand,
  type CaptureProgress,
  type CaptureResult,
  type ControlMethod,
  type ControlReply,
  type ControlStatus,
} from './protocol.js'
import { findControlSocket } from './socket-place.js'

export interface ControlClient {
  /** As of connecting. */
  readonly status: ControlStatus
  /** Asks anew. */
  readStatus(timeoutMs?: number): Promise<ControlStatus>
  /** Rejects with the agent's own error, ERR_STALL_TIMEOUT, or ERR_STALL_CONTROL_UNAVAILABLE when it went away. */
  capture(
    command: CaptureCommand,
    options: { readonly timeoutMs: number; readonly onProgress?: (progress: CaptureProgress) => void },
  ): Promise<CaptureResult>
  dispose(): void
}

const CONNECT_TIMEOUT_MS = 2000

/**
 * The agent of process `pid`, its identity checked; null when the process has none (no socket, or a stale one).
 * Rejects with ERR_STALL_PERMISSION, ERR_STALL_NO_SUCH_PROCESS, ERR_STALL_TIMEOUT (there, and silent: the process may
 * be stopped) or ERR_STALL_PROCESS_CHANGED.
 */
export async function connectToAgent(pid: number, timeoutMs = CONNECT_TIMEOUT_MS): Promise<ControlClient | null> {
  const found = findControlSocket(pid)
  if (found === null) return null
  let connection: Connection | null
  try {
    connection = await connect(found.path, timeoutMs)
  } finally {
    found.dispose()
  }
  if (connection === null) return null
  try {
    const status = await connection.ask<ControlStatus>('status', undefined, timeoutMs)
    assertSameProcess(status, pid, found.innerPid)
    const asked = connection
    return {
      status,
      readStatus: (limitMs = timeoutMs) => asked.ask<ControlStatus>('status', undefined, limitMs),
      capture: (command, options) =>
        asked.ask<CaptureResult>('capture', command, options.timeoutMs, options.onProgress),
      dispose: () => asked.dispose(),
    }
  } catch (thrown) {
    connection.dispose()
    throw thrown
  }
}

/** A pid comes back: the one who answers has to be the one who was meant. */
function assertSameProcess(status: ControlStatus, pid: number, innerPid: number): void {
  const startTicks = readStat(`/proc/${pid}`).startTicks
  if (status.pid === innerPid && (status.startTicks === null || status.startTicks === startTicks)) return
  throw new StallError(
    'ERR_STALL_PROCESS_CHANGED',
    `the agent that answers is process ${status.pid}, started at ${status.startTicks} ticks, not ${pid} at ${startTicks}`,
  )
}

interface Connection {
  ask<T>(
    method: ControlMethod,
    params: unknown,
    timeoutMs: number,
    onProgress?: (progress: CaptureProgress) => void,
  ): Promise<T>
  dispose(): void
}

/** Null when nobody listens (a stale socket). */
function connect(file: string, timeoutMs: number): Promise<Connection | null> {
  return new Promise((resolve, reject) => {
    // Most processes have no agent: whoever asks about one should not wait for what only its socket needs.
    const socket = process.getBuiltinModule('node:net').connect(file)
    const timer = setTimeout(() => fail(timedOut('connect', timeoutMs)), timeoutMs)
    function fail(error: StallError): void {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(connectionOver(socket))
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') {
        clearTimeout(timer)
        resolve(null)
        return
      }
      const code = error.code === 'EACCES' ? 'ERR_STALL_PERMISSION' : 'ERR_STALL_CONTROL_UNAVAILABLE'
      fail(new StallError(code, `can't connect to ${file} (${error.code ?? error.message})`, { cause: error }))
    })
  })
}

interface Waiting {
  readonly method: ControlMethod
  readonly resolve: (result: unknown) => void
  readonly reject: (error: StallError) => void
  readonly onProgress: ((progress: CaptureProgress) => void) | undefined
  readonly timer: NodeJS.Timeout
}

function connectionOver(socket: Socket): Connection {
  const waiting = new Map<number, Waiting>()
  const splitter = createLineSplitter(MAX_REPLY_BYTES)
  let nextId = 1

  function settle(id: number): Waiting | undefined {
    const one = waiting.get(id)
    if (one) clearTimeout(one.timer)
    waiting.delete(id)
    return one
  }

  function end(error: StallError): void {
    for (const id of waiting.keys()) settle(id)?.reject(error)
    socket.destroy()
  }

  function take(reply: ControlReply): void {
    switch (reply.type) {
      case 'progress':
        waiting.get(reply.id)?.onProgress?.(reply.progress)
        return
      case 'result': {
        const one = waiting.get(reply.id)
        if (one === undefined) return
        checkResult(one.method, reply.result)
        settle(reply.id)?.resolve(reply.result)
        return
      }
      case 'error':
        settle(reply.id)?.reject(errorOf(reply.error))
    }
  }

  socket.on('data', (chunk: Buffer) => {
    try {
      const lines = splitter.push(chunk)
      if (lines === null) throw gone('it sent a line that is too long')
      for (const line of lines) take(parseReply(line))
    } catch (thrown) {
      end(thrown instanceof StallError ? thrown : gone(String(thrown)))
    }
  })
  socket.on('error', (error) => end(gone(error.message)))
  socket.on('close', () => end(gone('it closed the connection')))

  return {
    ask<T>(
      method: ControlMethod,
      params: unknown,
      timeoutMs: number,
      onProgress?: (progress: CaptureProgress) => void,
    ) {
      return new Promise<T>((resolve, reject) => {
        if (socket.destroyed) {
          reject(gone('the connection is closed'))
          return
        }
        const id = nextId++
        const timer = setTimeout(() => settle(id)?.reject(timedOut(method, timeoutMs)), timeoutMs)
        waiting.set(id, { method, resolve: (result) => resolve(result as T), reject, onProgress, timer })
        socket.write(`${JSON.stringify({ v: PROTOCOL_VERSION, id, method, params })}\n`)
      })
    },
    dispose: () => {
      socket.destroy()
    },
  }
}

function timedOut(what: string, timeoutMs: number): StallError {
  return new StallError('ERR_STALL_TIMEOUT', `the agent did not answer to ${what} within ${timeoutMs} ms`, {
    help: 'The whole process may be stopped or starved of CPU: look at its state with `conductor-diag ps`.',
  })
}

function gone(why: string): StallError {
  return new StallError('ERR_STALL_CONTROL_UNAVAILABLE', `the agent went away: ${why}`, {
    help: 'The process may have ended: `conductor-diag ls` shows what it left.',
  })
}
