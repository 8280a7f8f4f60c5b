/**
 * The watch thread. Started by the main thread's WatchThread; nothing may import it. It compares clocks and counts
 * down, opens no file that can block, uses no thread pool, no pino, no inspector: whatever happens to a capture, it can
 * still end the process.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { readSettings } from '../../config/settings.js'
import { unknownVariables } from '../../config/unknown-variables.js'
import { createJsonLogger } from '../../log/json-logger.js'
import { listenForControl } from './control.js'
import { setLoadGate } from '../../platform/native-calls.js'
import { openLoadGate } from '../shared/load-gate.js'
import { openHostSink } from './host-sink.js'
import type { ToWatch, WatchThreadData } from '../shared/messages.js'
import { WatchLoop } from './watch-loop.js'

if (parentPort) {
  const port = parentPort
  const { clocks } = workerData as WatchThreadData
  setLoadGate(openLoadGate(clocks))
  const { settings, warnings } = readSettings(process.env)
  const sink = openHostSink(port)
  const { logLevel: level, logFormat: format } = settings
  const logger = createJsonLogger(sink, { level, format, name: 'conductor-stall-agent' })
  for (const warning of [...warnings, ...unknownVariables(process.env)]) logger.warn(warning)
  // An error in one turn must not be the end of the watching, nor reach the main thread as an exception.
  process.on('uncaughtException', (error) => logger.error('the watch thread failed in one turn', { err: error }))
  const loop = new WatchLoop({ settings, logger, sink, clocks, port })
  port.on('message', (message: ToWatch) => loop.hear(message))
  loop.begin()
  listenForControl({ loop, settings, logger, sink })
}
