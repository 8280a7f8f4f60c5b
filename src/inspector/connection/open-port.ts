/**
 * SIGUSR1: asks a Node process for its inspector, under guards, because it harms where they fail. It kills what is no
 * Node; it fails a `readSync` with EINTR; it opens a port through which any local user may run code. So: symbols have
 * proved Node before this is called, the signal has a handler, the main thread is in no system call but its own poll
 * or a futex, the port is free, what answers is proved to be that very process, and the port is closed again, by a
 * guard process should this one be killed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { StallError } from '../../model/stall-error.js'
import type { Target } from '../../model/target.js'
import { readNamespace } from '../../platform/procfs/process.js'
import { readStat } from '../../platform/procfs/stat.js'
import { hasSignal, readStatus } from '../../platform/procfs/status.js'
import type { CdpConnection } from './cdp-connection.js'
import { closePort, isListening } from './close-port.js'
import { type DebugPort, holderOf, listeningPorts, readDebugPort } from './debug-port.js'
import { findEndpoint } from './find-endpoint.js'
import { connectToSocket } from './socket-connection.js'

export interface OpenedPort {
  readonly connection: CdpConnection
  readonly port: number
  /** False for a port that was open before (`--inspect`): it is left as it was. */
  readonly opened: boolean
  /** Closes the port if we opened it. @returns whether it is closed (or was not ours) */
  close(): Promise<boolean>
}

const SIGUSR1 = 10
const APPEAR_MS = 3000
const CHECK_MS = 20
const CLOSE_MS = 5000
const IDENTIFY_MS = 3000

/** @throws StallError ERR_STALL_INSPECTOR_UNAVAILABLE, ERR_STALL_INSPECTOR_WRONG_PROCESS, ERR_STALL_INSPECTOR_TIMEOUT */
export async function openPort(target: Target, deadlineMs: number): Promise<OpenedPort> {
  const root = rootOf(target)
  const wanted = readDebugPort(root)
  const before = listeningPorts(root)
  const already = openAlready(wanted, before)
  if (already !== null) {
    return { connection: await connectTo(target, already, deadlineMs), port: already, opened: false, close: leave }
  }
  assertMayBeAsked(root, target, wanted)
  const guard = startGuard(target, before)
  try {
    process.kill(target.pid, 'SIGUSR1')
    const port = await appearing(root, wanted, before, Math.min(deadlineMs, performance.now() + APPEAR_MS))
    const connection = await connectTo(target, port, deadlineMs)
    return {
      connection,
      port,
      opened: true,
      async close() {
        const closed = await closePort(connection, root, port, performance.now() + CLOSE_MS)
        // A port that could not be closed now stays the guard's business: its input just ends.
        guard.stdin?.end(closed ? 'done\n' : '')
        return closed
      },
    }
  } catch (thrown) {
    guard.stdin?.end()
    throw thrown
  }
}

const leave = (): Promise<boolean> => Promise.resolve(true)

function openAlready(wanted: DebugPort, listening: readonly number[]): number | null {
  if (wanted.port !== 0) return listening.includes(wanted.port) ? wanted.port : null
  // `--inspect=0`: one listening port can only be that; of several, asking each would knock at the application's door.
  const [only, another] = listening
  return wanted.requested && only !== undefined && another === undefined ? only : null
}

function rootOf(target: Target): string {
  if (target.procRoot === null) throw unavailable('there is no /proc on this platform')
  return target.procRoot
}

function assertMayBeAsked(root: string, target: Target, wanted: DebugPort): void {
  if (!hasSignal(readStatus(root).caughtSignals, SIGUSR1)) {
    throw unavailable('the process does not handle SIGUSR1, so the signal would end it or open nothing', {
      help: 'Node was started with --disable-sigusr1, or in a way that leaves the signal alone.',
    })
  }
  if (readNamespace(root, 'net') !== readNamespace('/proc/self', 'net')) {
    throw unavailable('the process is in another network namespace, where its port could not be reached', {
      help: `nsenter -t ${target.pid} -n conductor-diag dump ${target.pid} --engine inspector`,
    })
  }
  const holder = wanted.port === 0 ? null : holderOf(root, wanted.port)
  if (holder !== null) {
    const who = holder.pid === null ? 'a process of another user' : `process ${holder.pid} (${holder.command})`
    throw unavailable(`port ${wanted.port}, the one this process would open, is held by ${who}`, {
      help: 'The memory engine needs no port: conductor-diag dump PID --engine memory',
    })
  }
}

async function appearing(
  root: string,
  wanted: DebugPort,
  before: readonly number[],
  deadlineMs: number,
): Promise<number> {
  for (;;) {
    const opened = listeningPorts(root).find((port) =>
      wanted.port === 0 ? !before.includes(port) : port === wanted.port,
    )
    if (opened !== undefined) return opened
    if (performance.now() > deadlineMs) {
      throw unavailable('the process opened no port after SIGUSR1: it has a handler of its own, or never ran', {
        help: 'The memory engine needs no port: conductor-diag dump PID --engine memory',
      })
    }
    await new Promise((resolve) => setTimeout(resolve, CHECK_MS))
  }
}

/** Connects, and proves that the answer comes from the process that was meant. */
async function connectTo(target: Target, port: number, deadlineMs: number): Promise<CdpConnection> {
  const root = rootOf(target)
  const connection = await connectToSocket(await findEndpoint(port, deadlineMs), deadlineMs)
  try {
    if (!isListening(root, port)) throw wrongProcess(port, target, 'the port is not among its sockets')
    const answer = await connection.send(
      'Runtime.evaluate',
      { expression: 'process.pid', returnByValue: true, silent: true },
      Math.min(deadlineMs, performance.now() + IDENTIFY_MS),
    )
    const own = readStatus(root).namespacePids.at(-1) ?? target.pid
    if (answer.result.value !== own) throw wrongProcess(port, target, `pid ${String(answer.result.value)} answered`)
    if (target.startTicks !== null && readStat(root).startTicks !== target.startTicks) {
      throw wrongProcess(port, target, 'another process has its pid now')
    }
    return connection
  } catch (thrown) {
    connection.disconnect()
    throw thrown
  }
}

/** Detached, in a session of its own: an interrupt of the terminal does not reach it. */
function startGuard(target: Target, before: readonly number[]): ChildProcess {
  const script = path.join(__dirname, 'port-guard.js')
  const words = [target.pid, target.startTicks ?? 0, ...before].map(String)
  const child = spawn(process.execPath, [script, ...words], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  })
  child.unref()
  // It may end before we do (the target is gone): then there is nothing to write to.
  child.stdin.on('error', () => undefined)
  child.on('error', () => undefined)
  return child
}

function unavailable(message: string, options: { help?: string } = {}): StallError {
  return new StallError('ERR_STALL_INSPECTOR_UNAVAILABLE', message, options)
}

function wrongProcess(port: number, target: Target, why: string): StallError {
  return new StallError(
    'ERR_STALL_INSPECTOR_WRONG_PROCESS',
    `port ${port} does not belong to process ${target.pid}: ${why}`,
  )
}
