/** Writes what `run` says: lines for people, or JSON by pino. Never waits for a reader: a full pipe loses lines. */
import { pino } from 'pino'
import type { LineSink } from '../log/line-sink.js'
import { openStderrSink } from '../log/stderr-sink.js'
import { printable, printableJson } from '../model/printable.js'
import { humanLine, levelOf, type RunEvent } from './events.js'

const NAME = 'conductor-diag run'

export type Report = (event: RunEvent) => void

/** @param json null: JSON unless stderr is a terminal */
export function openReport(json: boolean | null, sink: LineSink = openStderrSink()): Report {
  const write = (line: string): void => {
    if (sink.unavailable === null) sink.write(line)
    else process.stderr.write(line)
  }
  if (!(json ?? !process.stderr.isTTY)) return (event) => write(`${NAME}: ${printable(humanLine(event))}\n`)
  // The events have a pid of their own, the worker's: pino's must not stand beside it.
  const logger = pino(
    { base: { name: NAME } },
    { write: (line: string) => write(`${printableJson(line.trimEnd())}\n`) },
  )
  return (event) => logger[levelOf(event)]({ ...event }, humanLine(event))
}
