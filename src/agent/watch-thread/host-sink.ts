/**
 * Log lines of the watch thread. stderr where it can be written without ever blocking; else the few lines that there
 * are go to the main thread, which says them when its loop turns again. Bounded: a main thread that never turns again
 * must not cost memory.
 */
import type { MessagePort } from 'node:worker_threads'
import type { LineSink } from '../../log/line-sink.js'
import { openStderrSink } from '../../log/stderr-sink.js'
import type { FromWatch } from '../shared/messages.js'
import type { NativeCalls } from '../shared/native-exit.js'

const MAX_LINES_TO_MAIN = 100

export interface HostSink extends LineSink {
  /** With `send` a stderr that is a socket can be written from here. */
  use(native: NativeCalls): void
}

export function openHostSink(port: MessagePort, open: typeof openStderrSink = openStderrSink): HostSink {
  let stderr = open()
  let sent = 0
  let dropped = 0
  return {
    write(line) {
      if (stderr.unavailable === null) return stderr.write(line)
      if (sent >= MAX_LINES_TO_MAIN) {
        dropped += 1
        return false
      }
      sent += 1
      port.postMessage({ type: 'say', line } satisfies FromWatch)
      return true
    },
    use(native) {
      if (stderr.unavailable === null) return
      stderr = open({ send: (fd, bytes) => native.send(fd, bytes) })
    },
    get dropped() {
      return dropped + stderr.dropped
    },
    unavailable: null,
    dispose: () => stderr.dispose(),
  }
}
