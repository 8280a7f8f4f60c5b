/**
 * pino behind the Logger interface, for the capture thread, the command line and the supervisor. Loading it
 * takes about 19 ms, so never in the worker's main thread nor in the watch thread (`json-logger.ts` serves those).
 * No transports: each would start one more worker thread.
 */
import { pino } from 'pino'
import { printableJson } from '../model/printable.js'
import type { LineSink } from './line-sink.js'
import type { LogFields, Logger, LoggerOptions } from './logger.js'

export function createPinoLogger(sink: LineSink, options: LoggerOptions): Logger {
  const logger = pino(
    {
      level: options.level,
      ...(options.name === undefined ? {} : { name: options.name }),
    },
    { write: (line: string) => void sink.write(printableJson(line)) },
  ).child(options.bindings ?? {})
  let toldDropped = 0

  function write(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields = {}): void {
    const before = sink.dropped
    if (before > toldDropped) {
      logger.warn(`${before - toldDropped} log lines were dropped: stderr was full`)
      // Only once it got through; else it would be counted and told again and again.
      if (sink.dropped === before) toldDropped = before
    }
    try {
      logger[level](fields, message)
    } catch (thrown) {
      // A getter or toJSON of the caller's that throws.
      logger[level]({ fieldsOmitted: String(thrown) }, message)
    }
  }

  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  }
}
