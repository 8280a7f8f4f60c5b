/**
 * A process whose last await can never settle ends by itself, with code 0: nothing keeps it alive, and a supervisor
 * that restarts on failure never restarts it. Pollers that were not stopped tell that this is no orderly end.
 */
import type { ClockBoard } from '../../heartbeat/clock-board.js'
import { HEADER } from '../../heartbeat/layout.js'
import type { WatchThread } from './watch-thread-handle.js'

/** On top of the grace: what the watch thread needs to start a capture and to answer. */
const MARGIN_MS = 5000

export function noticePrematureEnd(board: ClockBoard, watch: WatchThread, graceMs: number): void {
  let done = false
  // First of all listeners: whatever is there now holds nothing, since the loop has run dry.
  process.prependListener('beforeExit', (exitCode) => {
    if (done || exitCode !== 0) return
    const idle = process.getActiveResourcesInfo().length
    // The application's own beforeExit listeners may give it more to do: decided once they have all run.
    process.nextTick(() => {
      const unfinished = board.unfinished()
      const asked = (board.memory.header[HEADER.shutdown] ?? 0) > 0
      const goesOn = process.getActiveResourcesInfo().length > idle
      if (done || asked || unfinished.length === 0 || !watch.running || goesOn) return
      done = true
      for (const clock of unfinished) clock.endedWithTheProcess()
      holdUntilCaptured(watch, graceMs + MARGIN_MS)
    })
  })
}

/** The loop turns on, idle, while the capture looks at it; then the process ends, as the watch thread says. */
function holdUntilCaptured(watch: WatchThread, limitMs: number): void {
  const limit = setTimeout(() => watch.onEnd(null), limitMs)
  watch.onEnd = (exitCode) => {
    watch.onEnd = () => undefined
    clearTimeout(limit)
    watch.release()
    if (exitCode !== null) process.exit(exitCode)
  }
  watch.hold()
  watch.send({ type: 'premature-end' })
}
