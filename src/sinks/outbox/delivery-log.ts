/**
 * `outbox/delivery.log`: JSON lines in pino's format of what became of each delivery. The delivery process has no stderr:
 * one of the worker's, held open, would keep whoever reads it waiting. At most 1 MB, then one older file.
 */
import { appendFileSync, renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { FILE_MODE } from '../../incident/bundle-format.js'
import { createJsonLogger } from '../../log/json-logger.js'
import { toStallError } from '../../model/stall-error.js'
import type { DeliveryState } from './journal.js'
import { outboxIn } from './layout.js'

export interface DeliveryLog {
  warn(text: string): void
  /** The same reason is told once. */
  state(state: DeliveryState, before: DeliveryState): void
  failure(thrown: unknown): void
}

const MAX_BYTES = 1_048_576

export function deliveryLogOf(directory: string): string {
  return path.join(path.dirname(outboxIn(directory).orders), 'delivery.log')
}

export function openDeliveryLog(directory: string): DeliveryLog {
  const file = deliveryLogOf(directory)
  const sink = {
    write: (line: string): boolean => append(file, line),
    dropped: 0,
    unavailable: null,
    dispose: () => undefined,
  }
  const logger = createJsonLogger(sink, { level: 'info', name: 'conductor-stall-delivery' })
  return {
    warn: (text) => logger.warn(text),
    state: (state, before) => {
      const said = sentenceOf(state)
      if (said === sentenceOf(before)) return
      const fields = { event: 'delivery', ...fieldsOf(state) }
      if (state.status === 'delivered') logger.info(said, fields)
      else logger.warn(said, fields)
    },
    failure: (thrown) => {
      const { code, message, help } = toStallError(thrown)
      logger.error(message, { code, help })
    },
  }
}

/** One sentence, for the log, the terminal and `ls`. */
export function sentenceOf({ incident, destination, status, result, error, counted }: DeliveryState): string {
  const where = `${incident} to ${destination}`
  if (status === 'delivered') {
    const link = result?.url ?? result?.ref ?? ''
    return counted === true ? `${where}: counted, ${link} was told of its cause lately` : `${where}: ${link}`
  }
  const why = error === null ? '' : `: ${error.message} (${error.code})`
  return status === 'refused' ? `${where} is refused${why}` : `${where} waits${why}`
}

function fieldsOf({ incident, destination, status, result, error, attempts }: DeliveryState): Record<string, unknown> {
  return {
    incident,
    destination,
    status,
    attempts,
    url: result?.url ?? null,
    ref: result?.ref ?? null,
    code: error?.code,
  }
}

/** Never throws: a log that can't be written must not keep a bundle from being delivered. */
function append(file: string, line: string): boolean {
  try {
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(file, `${file}.1`)
    appendFileSync(file, line, { mode: FILE_MODE })
    return true
  } catch {
    return false
  }
}
