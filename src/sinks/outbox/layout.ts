/**
 * Where things are in an outbox, which lies in the folder of the bundles:
 *
 *   outbox/orders/ID.json          this incident is to be delivered, and where to
 *   outbox/states/ID.DEST.json     how far the delivery to one destination has come
 *   outbox/causes/DEST.FP.json     the ticket of one cause at one destination
 *   outbox/claims/NAME.N           who works on one of these now
 *
 * Loads node core only: the agent's threads put orders in.
 */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { FOLDER_MODE } from '../../incident/bundle-format.js'
import { toDiskError } from '../../incident/disk-error.js'

export interface Outbox {
  /** Of the bundles. */
  readonly directory: string
  readonly orders: string
  readonly states: string
  readonly causes: string
  readonly claims: string
}

export function outboxIn(directory: string): Outbox {
  const at = (name: string): string => path.join(directory, 'outbox', name)
  return { directory, orders: at('orders'), states: at('states'), causes: at('causes'), claims: at('claims') }
}

/** Throws ERR_STALL_DIR_UNWRITABLE or ERR_STALL_DISK_FULL. */
export function makeOutbox(directory: string): Outbox {
  const outbox = outboxIn(directory)
  for (const folder of [path.dirname(outbox.orders), outbox.orders, outbox.states, outbox.causes, outbox.claims]) {
    try {
      mkdirSync(folder, { mode: FOLDER_MODE })
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw toDiskError(thrown, folder)
    }
  }
  return outbox
}

/** A destination in the name of a file, whatever is in it. */
export function slugOf(destination: string): string {
  const sink = (destination.split(':')[0] ?? '').replaceAll(/[^a-z0-9-]/g, '').slice(0, 20)
  return `${sink}-${createHash('sha256').update(destination).digest('hex').slice(0, 12)}`
}
