/**
 * One ticket a cause: which ticket a cause has at a destination, how often it came, where, and when the ticket was last
 * told. Only whoever holds the claim of the cause reads and writes it.
 */
import path from 'node:path'
import { writeDurably } from '../../incident/durable-file.js'
import type { Delivered } from '../contract/sink.js'
import { type Outbox, slugOf } from './layout.js'
import { readJson } from './orders.js'

export interface CauseRecord {
  readonly schema: 1
  readonly fingerprint: string
  readonly destination: string
  readonly ticket: Delivered | null
  readonly count: number
  /** The last ones that were counted: one is not counted twice. */
  readonly incidents: readonly string[]
  /** `service on host`, the last ones. */
  readonly places: readonly string[]
  /** ms since the epoch; null: never. */
  readonly toldAt: number | null
}

const MAX_INCIDENTS = 2000
const MAX_PLACES = 20

export function causeName(destination: string, fingerprint: string): string {
  return `${slugOf(destination)}.${fingerprint}`
}

export function readCause(outbox: Outbox, destination: string, fingerprint: string): CauseRecord {
  const value = readJson(path.join(outbox.causes, `${causeName(destination, fingerprint)}.json`))
  const empty: CauseRecord = {
    schema: 1,
    fingerprint,
    destination,
    ticket: null,
    count: 0,
    incidents: [],
    places: [],
    toldAt: null,
  }
  return value === null || !Array.isArray(value['incidents']) ? empty : { ...empty, ...(value as Partial<CauseRecord>) }
}

export function writeCause(outbox: Outbox, cause: CauseRecord): void {
  const name = `${causeName(cause.destination, cause.fingerprint)}.json`
  writeDurably(outbox.causes, name, `${JSON.stringify(cause)}\n`, { shared: true })
}

/** With this incident in it, counted once however often it is tried. */
export function counted(cause: CauseRecord, incident: string, place: string): CauseRecord {
  if (cause.incidents.includes(incident)) return cause
  return {
    ...cause,
    count: cause.count + 1,
    incidents: [...cause.incidents, incident].slice(-MAX_INCIDENTS),
    places: [...cause.places.filter((each) => each !== place), place].slice(-MAX_PLACES),
  }
}
