/** What every part of the project logs through. Where the lines go is the composing code's choice. */
import type { LogFormat, LogLevel } from '../model/log-level.js'

/** An `err` field that holds an Error is written with type, message, stack, code and help. */
export type LogFields = Readonly<Record<string, unknown>>

/** None of the methods throws or blocks, whatever the fields hold. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

export interface LoggerOptions {
  readonly level: LogLevel
  /** Default `json`. */
  readonly format?: LogFormat
  /** pino's `name`. */
  readonly name?: string
  /** Fields of every line. */
  readonly bindings?: LogFields
}
