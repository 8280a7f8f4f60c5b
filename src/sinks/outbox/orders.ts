/** Orders: which incidents are to be delivered. Node core only, synchronous: the agent's threads write them. */
import { readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { isIncidentId } from '../../incident/bundle-format.js'
import { readNames } from '../../incident/bundle-list.js'
import { unlinkQuietly, writeDurably } from '../../incident/durable-file.js'
import { makeOutbox, type Outbox, outboxIn } from './layout.js'

export interface Order {
  readonly schema: 1
  readonly incident: string
  /** ISO 8601. */
  readonly orderedAt: string
  /** Null: where the settings of the delivering process say. */
  readonly to: readonly string[] | null
  /** Where the bundle is, when not under its id beside the outbox. */
  readonly folder?: string
}

/** Safe on disk when it returns. An order that is there already gets the new destinations besides its own. */
export function putOrder(
  directory: string,
  incident: string,
  to: readonly string[] | null,
  { now = Date.now(), folder }: { now?: number; folder?: string } = {},
): void {
  const outbox = makeOutbox(directory)
  const known = readOrder(outbox, incident)
  if (known !== null && (to === null || to.every((each) => known.to?.includes(each)))) return
  const all = known?.to === undefined || known.to === null ? to : [...new Set([...known.to, ...(to ?? [])])]
  const order: Order = {
    schema: 1,
    incident,
    orderedAt: known?.orderedAt ?? new Date(now).toISOString(),
    to: all,
    ...(folder === undefined ? {} : { folder }),
  }
  writeDurably(outbox.orders, `${incident}.json`, `${JSON.stringify(order)}\n`, { shared: true })
}

/** Oldest first. */
export function listOrders(directory: string): Order[] {
  const outbox = outboxIn(directory)
  return readNames(outbox.orders)
    .filter((name) => name.endsWith('.json') && isIncidentId(name.slice(0, -5)))
    .sort()
    .flatMap((name) => readOrder(outbox, name.slice(0, -5)) ?? [])
}

/** By the names alone: quick, whatever waits. */
export function waitingIncidents(directory: string): ReadonlySet<string> {
  const names = readNames(outboxIn(directory).orders).filter((name) => name.endsWith('.json') || DROPPED.test(name))
  return new Set(names.map((name) => name.slice(0, ID_LENGTH)))
}

const ID_LENGTH = 26
/** What `dropOrder` makes of a name, until it is done. */
const DROPPED = /^[0-9A-Z]{26}\.json\.\d+\.done$/

/**
 * Done with. Taken away under another name first: destinations that somebody added meanwhile are ordered again, before what
 * was taken away is removed.
 */
export function dropOrder(directory: string, order: Order): void {
  const { orders } = outboxIn(directory)
  const file = path.join(orders, `${order.incident}.json`)
  const taken = `${file}.${process.pid}.done`
  try {
    renameSync(file, taken)
  } catch {
    // Another process was quicker.
    return
  }
  const now = parseOrder(order.incident, readJson(taken))
  const added = (now?.to ?? []).filter((each) => order.to?.includes(each) !== true)
  if (added.length > 0)
    putOrder(directory, order.incident, added, order.folder === undefined ? {} : { folder: order.folder })
  unlinkQuietly(taken)
}

/**
 * Puts back what a process had taken away when it died. Of a living one, too: whatever is delivered is known by its state,
 * so an order that comes back costs a look. Throws ERR_STALL_DISK_FULL or ERR_STALL_DIR_UNWRITABLE.
 */
export function restoreDropped(directory: string): void {
  const outbox = outboxIn(directory)
  for (const name of readNames(outbox.orders)) {
    if (!DROPPED.test(name)) continue
    const taken = path.join(outbox.orders, name)
    const incident = name.slice(0, ID_LENGTH)
    const order = parseOrder(incident, readJson(taken))
    if (order !== null) {
      const { to, orderedAt, folder } = order
      putOrder(directory, incident, to, { now: Date.parse(orderedAt), ...(folder === undefined ? {} : { folder }) })
    }
    unlinkQuietly(taken)
  }
}

function readOrder(outbox: Outbox, incident: string): Order | null {
  return parseOrder(incident, readJson(path.join(outbox.orders, `${incident}.json`)))
}

function parseOrder(incident: string, value: Record<string, unknown> | null): Order | null {
  if (value === null) return null
  const to = value['to']
  return {
    schema: 1,
    incident,
    orderedAt: typeof value['orderedAt'] === 'string' ? value['orderedAt'] : new Date(0).toISOString(),
    to: Array.isArray(to) ? to.filter((each) => typeof each === 'string') : null,
    ...(typeof value['folder'] === 'string' ? { folder: value['folder'] } : {}),
  }
}

const MAX_BYTES = 4 * 2 ** 20

/** Null for what is not there, too large, or no JSON object: files are replaced whole, so that means somebody else's. */
export function readJson(file: string): Record<string, unknown> | null {
  try {
    const text = readFileSync(file, 'utf8')
    if (text.length > MAX_BYTES) return null
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    // Gone since it was listed, or not ours.
    return null
  }
}
