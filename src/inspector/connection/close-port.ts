/** Closes a debug port from the inside of its process, and makes sure that it is closed. */
import type { CdpConnection } from './cdp-connection.js'
import { listeningPorts } from './debug-port.js'

/**
 * `process._debugEnd()` stops the thread that listens; the answer often can't come back, because the connection goes
 * with it. A main thread that was in JavaScript opened the port by an interrupt, and the same request still waits in
 * its event loop (node: src/inspector_agent.cc, StartIoThreadWakeup posts both): when the loop turns again, the port
 * would open a second time. So it is closed after each of the next few turns as well.
 */
const CLOSE = `(() => {
  const end = () => process._debugEnd()
  let turns = 0
  const again = () => {
    try { end() } catch {}
    if (++turns < 5) setImmediate(again)
  }
  setImmediate(again)
  end()
})()`

const CHECK_MS = 20

/** True when nothing of the process listens on `port` any more. Never throws. */
export async function closePort(
  connection: CdpConnection,
  root: string,
  port: number,
  deadlineMs: number,
): Promise<boolean> {
  // The answer is not waited for on its own: the table of sockets is the proof.
  connection.send('Runtime.evaluate', { expression: CLOSE, silent: true }, deadlineMs).catch(() => undefined)
  for (;;) {
    if (!isListening(root, port)) return true
    if (performance.now() >= deadlineMs) return false
    await new Promise((resolve) => setTimeout(resolve, CHECK_MS))
  }
}

export function isListening(root: string, port: number): boolean {
  try {
    return listeningPorts(root).includes(port)
  } catch {
    // The process is gone, and its port with it.
    return false
  }
}
