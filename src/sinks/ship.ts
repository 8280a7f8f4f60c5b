/**
 * Delivers what waits in the outboxes: one pass over all orders, oldest first, stores before tickets, since a ticket may
 * want the store's link. A destination that can't be reached is left for the rest of the pass.
 */
import path from 'node:path'
import { statSync } from 'node:fs'
import { listBundles } from '../incident/bundle-list.js'
import { readBundle } from '../incident/bundle-reader.js'
import type { StoreLink } from '../report/letter/letter.js'
import { deliver, isDue, type Outcome } from './flow/deliver.js'
import { type DeliveryState, dropStates, listStates, newState, readState, writeState } from './outbox/journal.js'
import { makeOutbox, outboxIn } from './outbox/layout.js'
import { dropOrder, listOrders, type Order, putOrder, restoreDropped } from './outbox/orders.js'
import { sinceOf } from './outbox/since.js'
import { type PreparedBundle, prepareBundle } from './parcel/prepare-bundle.js'
import { parseDestination, type SinkHouse } from './registry/registry.js'
import type { Destination } from './contract/sink.js'

export interface ShipOptions {
  /** Folders of bundles. */
  readonly directories: readonly string[]
  readonly house: SinkHouse
  readonly now?: () => number
  readonly report?: (state: DeliveryState, before: DeliveryState) => void
  /** What is not tried in this pass, since it failed lately or its destination did. */
  readonly waits?: (state: DeliveryState) => void
  /** Now, whatever a back-off says. */
  readonly atOnce?: boolean
  /** Also bundles from before there was an outbox. */
  readonly all?: boolean
  /** Only this incident, and at once, whatever its back-off says. */
  readonly only?: { readonly incident: string; readonly to: readonly string[] }
  readonly shouldStop?: () => boolean
}

export interface ShipReport {
  readonly delivered: number
  readonly refused: number
  readonly waiting: number
  /** Being delivered by another process at that moment. */
  readonly busy: number
  /** ms since the epoch; null when nothing waits for a time. */
  readonly nextAt: number | null
}

/** Throws when an outbox can't be written (disk full, permission). */
export async function shipOnce(options: ShipOptions): Promise<ShipReport> {
  const tally = { delivered: 0, refused: 0, waiting: 0, busy: 0, nextAt: null as number | null }
  for (const directory of options.directories) {
    restoreDropped(directory)
    if (options.only === undefined) adopt(directory, options)
    const unreachable = new Set<string>()
    for (const order of listOrders(directory)) {
      if (options.shouldStop?.() === true) break
      if (options.only !== undefined && options.only.incident !== order.incident) continue
      await shipOrder(directory, order, unreachable, tally, options)
    }
  }
  return tally
}

type Tally = { -readonly [Key in keyof ShipReport]: ShipReport[Key] }

async function shipOrder(
  directory: string,
  order: Order,
  unreachable: Set<string>,
  tally: Tally,
  options: ShipOptions,
): Promise<void> {
  const { house, now = Date.now, only, atOnce = false } = options
  const outbox = outboxIn(directory)
  const destinations = await storesFirst(only?.to ?? order.to ?? house.settings.to, house)
  const folder = order.folder ?? path.join(directory, order.incident)
  let prepared: Promise<PreparedBundle> | null = null
  let settled = true
  for (const { destination, needsLink } of destinations) {
    const state = (): DeliveryState | null => readState(outbox, order.incident, destination.name)
    const insist = only !== undefined
    const first = state()
    if (first?.status === 'delivered' || (first?.status === 'refused' && !insist)) continue
    const isEarly = !atOnce && first !== null && !isDue(first, now())
    const skip = !insist && (unreachable.has(destination.sink) || isEarly)
    const links = (): StoreLink[] => linksOf(directory, order.incident)
    const waitsForLink =
      !insist && needsLink && links().length === 0 && storeIsAwaited(outbox, order, destinations, now())
    if (skip || waitsForLink) {
      settled = false
      tally.waiting++
      if (first !== null) options.waits?.(first)
      noteNext(tally, waitsForLink ? new Date(now() + 5000).toISOString() : (first?.nextAttemptAt ?? null))
      continue
    }
    const outcome = await deliver({
      house,
      directory,
      incident: order.incident,
      destination,
      now,
      insist: insist || atOnce,
      links,
      prepare: async () => await (prepared ??= prepareBundle(folder)),
    })
    if (!count(outcome, tally, options)) settled = false
    if (outcome.type === 'tried' && outcome.state.status === 'waiting') unreachable.add(destination.sink)
  }
  // Given destinations by hand an order may have others yet.
  if (settled && (only === undefined || isSettled(directory, order, house))) dropOrder(directory, order)
}

function isSettled(directory: string, { incident, to }: Order, house: SinkHouse): boolean {
  const outbox = outboxIn(directory)
  return (to ?? house.settings.to).every(
    (name) => (readState(outbox, incident, name)?.status ?? 'waiting') !== 'waiting',
  )
}

/** @returns whether nothing is left to do there */
function count(outcome: Outcome, tally: Tally, { report }: ShipOptions): boolean {
  if (outcome.type === 'busy') {
    tally.busy++
    return false
  }
  const { state } = outcome
  if (outcome.type === 'tried') report?.(state, outcome.before)
  tally[state.status]++
  if (state.status === 'waiting') noteNext(tally, state.nextAttemptAt)
  return state.status !== 'waiting'
}

function noteNext(tally: Tally, at: string | null): void {
  const ms = at === null ? 0 : Date.parse(at)
  if (tally.nextAt === null || ms < tally.nextAt) tally.nextAt = ms
}

interface Placed {
  readonly destination: Destination
  readonly isStore: boolean
  readonly needsLink: boolean
}

/** Names that mean nothing, and destinations that can't be opened, are left for `deliver` to put down why. */
async function storesFirst(names: readonly string[], house: SinkHouse): Promise<Placed[]> {
  const placed = await Promise.all(
    [...new Set(names)].map(async (name): Promise<Placed> => {
      const destination = destinationOf(name)
      try {
        const sink = await house.open(destination)
        const needsLink = sink.kind === 'message' || (sink.kind === 'ticket' && sink.files === undefined)
        return { destination, isStore: sink.kind === 'store', needsLink }
      } catch {
        return { destination, isStore: false, needsLink: false }
      }
    }),
  )
  return placed.toSorted((a, b) => Number(b.isStore) - Number(a.isStore))
}

function destinationOf(name: string): Destination {
  try {
    return parseDestination(name)
  } catch {
    // Its refusal is written down like any other.
    return { sink: name.split(':')[0] ?? name, key: null, name }
  }
}

const LINK_PATIENCE_MS = 600_000

/** What can only link waits a while for a store that is behind. */
function storeIsAwaited(
  outbox: ReturnType<typeof outboxIn>,
  order: Order,
  destinations: readonly Placed[],
  now: number,
): boolean {
  const sinceMs = now - Date.parse(order.orderedAt)
  if (!(sinceMs >= 0 && sinceMs < LINK_PATIENCE_MS)) return false
  return destinations.some(
    ({ isStore, destination }) =>
      isStore && (readState(outbox, order.incident, destination.name)?.status ?? 'waiting') === 'waiting',
  )
}

function linksOf(directory: string, incident: string): StoreLink[] {
  return listStates(directory, incident).flatMap(({ destination, result, steps }) =>
    Object.hasOwn(steps, 'put') && result?.url
      ? [{ name: destination, url: result.url, pageUrl: result.pageUrl ?? null }]
      : [],
  )
}

/** Sealed bundles of stalls that nobody ordered: of a worker whose own settings name no destination. */
function adopt(directory: string, { house, all = false, now = Date.now }: ShipOptions): void {
  if (house.settings.to.length === 0) return
  const since = all ? 0 : sinceOf(directory, now())
  const known = new Set([
    ...listOrders(directory).map(({ incident }) => incident),
    ...listStates(directory).map(({ incident }) => incident),
  ])
  for (const { id, path: folder, state, createdAtMs } of listBundles([directory])) {
    if (state !== 'sealed' || createdAtMs < since || known.has(id) || !isOfStall(folder)) continue
    putOrder(directory, id, null)
  }
}

const looked = new Map<string, boolean>()

/** What a person asked for goes where that person says. */
function isOfStall(folder: string): boolean {
  const known = looked.get(folder)
  if (known !== undefined) return known
  let answer = false
  try {
    const { stall } = readBundle(folder).manifest
    answer = stall !== null && stall.trigger !== 'manual'
  } catch {
    // Damaged: `ls` and `verify` say so.
  }
  looked.set(folder, answer)
  return answer
}

/** Refused deliveries, to be tried anew. @returns how many */
export function retryRefused(directories: readonly string[], now: number = Date.now()): number {
  let count = 0
  for (const directory of directories) {
    for (const state of listStates(directory)) {
      if (state.status !== 'refused') continue
      putOrder(directory, state.incident, [state.destination])
      const { error: _why, ...rest } = state
      writeState(makeOutbox(directory), {
        ...newState(state.incident, state.destination, now),
        ...rest,
        error: null,
        status: 'waiting',
        nextAttemptAt: null,
        since: new Date(now).toISOString(),
      })
      count++
    }
  }
  return count
}

/** What is known of deliveries of bundles that are gone. Never throws: it is tidying. */
export function forgetGone(directories: readonly string[]): void {
  for (const directory of directories) {
    const waiting = new Set(listOrders(directory).map(({ incident }) => incident))
    for (const incident of new Set(listStates(directory).map((state) => state.incident))) {
      if (waiting.has(incident) || statSync(path.join(directory, incident), { throwIfNoEntry: false })) continue
      dropStates(outboxIn(directory), incident)
    }
  }
}
