/**
 * Ends the process with a code through the in-process inspector: works while the main thread runs JavaScript, sleeps in
 * `Atomics.wait` or idles, never while it is in a system call.
 */
import { Session } from 'node:inspector'

/** How long a main thread that can be reached may take. */
const LIMIT_MS = 1500

/** Does not return when it works; else `cannot` is called once with the reason. */
export function exitThroughInspector(exitCode: number, cannot: (why: string) => void): void {
  const expression = `globalThis.process.reallyExit(${exitCode})`
  try {
    const session = new Session()
    session.connectToMainThread()
    session.on('Debugger.paused', ({ params }) => {
      const frame = params.callFrames[0]
      if (!frame) return
      session.post('Debugger.evaluateOnCallFrame', { callFrameId: frame.callFrameId, expression }, () => undefined)
    })
    // An idle loop evaluates at once; a running one has to be paused first.
    session.post('Runtime.evaluate', { expression }, () => undefined)
    session.post('Debugger.enable', () => session.post('Debugger.pause', () => undefined))
    setTimeout(() => cannot(`the main thread did not answer the inspector within ${LIMIT_MS} ms`), LIMIT_MS)
  } catch (thrown) {
    cannot(thrown instanceof Error ? thrown.message : String(thrown))
  }
}
