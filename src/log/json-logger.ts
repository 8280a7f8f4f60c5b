/**
 * JSON lines in pino's format without loading pino: for the watch thread, which has to stay small. The same fields in
 * the same places (level, time, pid, hostname, name, fields, msg), so that one collector reads both.
 */
import os from 'node:os'
import type { LogLevel } from '../model/log-level.js'
import { printable, printableJson } from '../model/printable.js'
import type { LineSink } from './line-sink.js'
import type { LogFields, Logger, LoggerOptions } from './logger.js'

/** pino's numbers. */
export const LEVEL_NUMBERS: Readonly<Record<LogLevel, number>> = {
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  silent: Number.POSITIVE_INFINITY,
}

/** A line longer than this loses its fields and says so: a pipe must not be filled by one line. */
const MAX_LINE_CHARACTERS = 16_384

export function createJsonLogger(sink: LineSink, options: LoggerOptions): Logger {
  const threshold = LEVEL_NUMBERS[options.level]
  const base: LogFields = {
    pid: process.pid,
    hostname: os.hostname(),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...options.bindings,
  }
  let toldDropped = 0
  const line = options.format === 'text' ? textLine(options.name) : toLine

  function write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    const number = LEVEL_NUMBERS[level]
    if (number < threshold || threshold === Number.POSITIVE_INFINITY) return
    const lost = sink.dropped - toldDropped
    if (lost > 0 && sink.write(line(LEVEL_NUMBERS.warn, `${lost} log lines were dropped: stderr was full`, base))) {
      toldDropped += lost
    }
    sink.write(line(number, message, base, fields))
  }

  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  }
}

/** For a person: the message has all that matters. */
function textLine(name = 'log'): (level: number, message: string) => string {
  return (_level, message) => `${name}: ${printable(message.slice(0, MAX_LINE_CHARACTERS))}\n`
}

function toLine(level: number, message: string, base: LogFields, fields: LogFields = {}): string {
  const head = { level, time: Date.now(), ...base }
  const full = stringify({ ...head, ...fields, msg: message })
  if (full !== null && full.length <= MAX_LINE_CHARACTERS) return `${full}\n`
  const bare = stringify({
    ...head,
    fieldsOmitted: full === null ? 'not serialisable' : 'too long',
    msg: message.slice(0, 4096),
  })
  return `${bare ?? '{"level":50,"msg":"a log line could not be written"}'}\n`
}

/** Null when a value refuses: a circle, a getter or toJSON that throws. */
function stringify(value: LogFields): string | null {
  try {
    const json = JSON.stringify(value, function (this: unknown, key: string, inner: unknown) {
      if (typeof inner === 'bigint') return inner.toString()
      // The holder's own value: `inner` has been through toJSON, and a StallError's leaves the stack out.
      const original: unknown = (this as Record<string, unknown>)[key]
      return original instanceof Error ? serialiseError(original) : inner
    })
    return printableJson(json)
  } catch {
    // Said in the line itself, by its caller.
    return null
  }
}

/** pino's standard form of an error: type, message, stack, and the error's own fields. */
function serialiseError(error: Error): Record<string, unknown> {
  return {
    type: error.constructor.name,
    message: error.message,
    stack: error.stack,
    ...Object.fromEntries(Object.entries(error)),
  }
}
