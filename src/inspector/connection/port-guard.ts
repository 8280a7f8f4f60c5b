/**
 * A process of its own that outlives a killed `dump`: when its standard input ends before the word `done` came, it
 * closes the debug port that was opened. Arguments: pid, start ticks, the ports that were open before.
 */
import { connectToSocket } from './socket-connection.js'
import { closePort } from './close-port.js'
import { listeningPorts } from './debug-port.js'
import { findEndpoint } from './find-endpoint.js'
import { readStat } from '../../platform/procfs/stat.js'

/** The signal may have been sent just before the end: the port appears a moment later. */
const APPEAR_MS = 2000
const CLOSE_MS = 10_000
const BETWEEN_MS = 50

async function guard(pid: number, startTicks: number, before: readonly number[]): Promise<void> {
  const root = `/proc/${pid}`
  const untilMs = performance.now() + APPEAR_MS
  while (performance.now() < untilMs) {
    if (readStat(root).startTicks !== startTicks) return
    const opened = listeningPorts(root).filter((port) => !before.includes(port))
    for (const port of opened) await closeIfInspector(root, port)
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS))
  }
}

async function closeIfInspector(root: string, port: number): Promise<void> {
  const deadlineMs = performance.now() + CLOSE_MS
  try {
    const connection = await connectToSocket(await findEndpoint(port, deadlineMs), deadlineMs)
    await closePort(connection, root, port, deadlineMs)
    connection.disconnect()
  } catch {
    // A port of the application's own that it opened meanwhile: not ours.
  }
}

function main(): void {
  const [pid, startTicks, ...before] = process.argv.slice(2).map(Number)
  let heard = ''
  process.stdin.on('data', (chunk: Buffer) => (heard += chunk.toString()))
  process.stdin.on('end', () => {
    if (heard.includes('done') || pid === undefined || startTicks === undefined) process.exit(0)
    guard(pid, startTicks, before).then(
      () => process.exit(0),
      // The process is gone, and its port with it.
      () => process.exit(0),
    )
  })
}

main()
