/** One incident to one destination, under a claim, each step in the journal, failures classified and put down. */
import { StallError, toStallError } from '../../model/stall-error.js'
import { type CauseRecord, causeName, counted, readCause, writeCause } from '../outbox/cause-ledger.js'
import { type Claim, takeClaim } from '../outbox/claim.js'
import {
  type DeliveryState,
  type Journal,
  newState,
  openJournal,
  readState,
  stateName,
  writeState,
} from '../outbox/journal.js'
import { makeOutbox, type Outbox } from '../outbox/layout.js'
import type { StoreLink } from '../../report/letter/letter.js'
import type { PreparedBundle } from '../parcel/prepare-bundle.js'
import type { SinkHouse } from '../registry/registry.js'
import type { Before, Delivered, Destination, Parcel, Sink, Ticket } from '../contract/sink.js'
import { isForGood, SinkError } from '../contract/sink-error.js'
import { nextAttemptAt } from './back-off.js'
import { marksOf } from './marks.js'
import { deliverMessage } from './message-flow.js'
import { deliverToStore } from './store-flow.js'
import { deliverToTicket } from './ticket-flow.js'

export interface DeliveryOrder {
  readonly house: SinkHouse
  /** Of the bundles. */
  readonly directory: string
  readonly incident: string
  readonly destination: Destination
  readonly prepare: () => Promise<PreparedBundle>
  /** Links of stores that have the archive. */
  readonly links: () => readonly StoreLink[]
  readonly now: () => number
  /** Also what was refused before, and before its time. */
  readonly insist?: boolean
}

export type Outcome =
  /** `before`: what was known before this attempt, so that the same reason is told once. */
  | { readonly type: 'tried'; readonly state: DeliveryState; readonly before: DeliveryState }
  | { readonly type: 'busy' }
  | { readonly type: 'nothing-to-do'; readonly state: DeliveryState }

/** Throws only when the outbox itself can't be written (disk full): nothing was sent then. */
export async function deliver(order: DeliveryOrder): Promise<Outcome> {
  const { directory, incident, destination } = order
  const outbox = makeOutbox(directory)
  const claim = takeClaim(outbox.claims, stateName(incident, destination.name))
  if (claim === null) return { type: 'busy' }
  try {
    // Under the claim only: another process may have delivered it since it was listed.
    const before = readState(outbox, incident, destination.name) ?? newState(incident, destination.name, order.now())
    if (before.status === 'delivered') return { type: 'nothing-to-do', state: before }
    if (order.insist !== true && !isDue(before, order.now())) return { type: 'nothing-to-do', state: before }
    return await attempt(order, outbox, claim, before)
  } finally {
    claim.release()
  }
}

/** What is further away than any back-off was written under another clock. */
const FARTHEST_MS = 2 * 86_400_000

export function isDue({ status, nextAttemptAt: next }: DeliveryState, now: number): boolean {
  if (status !== 'waiting') return false
  const waitMs = next === null ? 0 : Date.parse(next) - now
  return !(waitMs > 0 && waitMs < FARTHEST_MS)
}

async function attempt(order: DeliveryOrder, outbox: Outbox, claim: Claim, before: DeliveryState): Promise<Outcome> {
  const journal = openJournal(before, (state) => {
    // Nothing is begun by a process that others took for dead.
    if (!claim.isMine()) throw new LostClaim()
    writeState(outbox, state)
  })
  try {
    journal.update({ attempts: before.attempts + 1, status: 'waiting' })
    const sink = await order.house.open(order.destination)
    const done = await patiently(async () => await send(order, outbox, sink, journal))
    if (done === 'busy') {
      journal.update({ attempts: before.attempts })
      return { type: 'busy' }
    }
    journal.update({ ...done, status: 'delivered', error: null, nextAttemptAt: null })
  } catch (thrown) {
    if (thrown instanceof LostClaim) return { type: 'busy' }
    const error = toStallError(thrown)
    if (error.code === 'ERR_STALL_DISK_FULL') throw error
    journal.update(failureOf(error, order, journal.state))
  }
  return { type: 'tried', state: journal.state, before }
}

class LostClaim extends Error {}

/** What a moment may cure is tried again at once, twice; steps that are done are in the journal. */
async function patiently<T>(act: () => Promise<T>): Promise<T> {
  const { default: pRetry } = await import('p-retry')
  return await pRetry(act, {
    retries: 2,
    minTimeout: 300,
    factor: 3,
    randomize: true,
    shouldRetry: ({ error }) => error instanceof SinkError && isMomentary(error),
  })
}

const LONG_MS = 2000

/** An answer that says so, or a connection cut in the middle; not a server that is not there. */
function isMomentary({ code, status, retryAfterMs, message }: SinkError): boolean {
  if (code !== 'ERR_STALL_SINK_UNREACHABLE' || (retryAfterMs ?? 0) > LONG_MS) return false
  return status !== null || /ECONNRESET|EPIPE|UND_ERR_SOCKET/.test(message)
}

type Done = Pick<DeliveryState, 'result' | 'counted'>

async function send(order: DeliveryOrder, outbox: Outbox, sink: Sink, journal: Journal): Promise<Done | 'busy'> {
  const bundle = await order.prepare()
  const { key, name } = order.destination
  const fingerprint = bundle.manifest.fingerprint ?? null
  if (sink.kind === 'store') {
    const parcel = parcelOf(order, bundle, { links: [], attached: false, cause: null, marks: [], closed: null })
    return { result: await deliverToStore(sink, key, parcel, journal) }
  }
  if (fingerprint === null || key !== null) return { result: await tell(order, sink, bundle, journal, null) }
  // One at a time for a cause, or two processes would make two tickets of it.
  const claim = takeClaim(outbox.claims, causeName(name, fingerprint))
  if (claim === null) return 'busy'
  try {
    const cause = counted(readCause(outbox, name, fingerprint), order.incident, bundle.place)
    writeCause(outbox, cause)
    if (isTooSoon(cause, order, journal.state)) return { result: cause.ticket, counted: true }
    const result = await tell(order, sink, bundle, journal, cause)
    writeCause(outbox, {
      ...cause,
      ticket: sink.kind === 'message' ? (cause.ticket ?? result) : result,
      toldAt: order.now(),
    })
    return { result }
  } finally {
    claim.release()
  }
}

/** A repeat soon after the last word about its cause is counted and told with the next one. */
function isTooSoon(cause: CauseRecord, { house, now }: DeliveryOrder, state: DeliveryState): boolean {
  const started = state.begun !== null || Object.keys(state.steps).length > 0
  if (cause.ticket === null || cause.toldAt === null || cause.count < 2 || started) return false
  const sinceMs = now() - cause.toldAt
  return sinceMs >= 0 && sinceMs < house.settings.general.number('comment_seconds', 3_600_000)
}

async function tell(
  order: DeliveryOrder,
  sink: Exclude<Sink, { kind: 'store' }>,
  bundle: PreparedBundle,
  journal: Journal,
  cause: CauseRecord | null,
): Promise<Delivered> {
  const { key } = order.destination
  const { general } = order.house.settings
  const marks = marksOf(order.incident, bundle.manifest.fingerprint ?? null)
  const words = [marks.incident, ...(marks.cause === null ? [] : [marks.cause])]
  const links = order.links()
  const make = (attached: boolean, closed: Ticket | null): Parcel =>
    parcelOf(order, bundle, { links, attached, cause, marks: words, closed })
  if (sink.kind === 'message') {
    const before: Before = { count: cause?.count ?? 1, first: cause?.ticket ?? null }
    return await deliverMessage(sink, key, make(false, null), before, journal)
  }
  const maxAttachmentBytes = general.number('max_attachment_mb', 64) * 2 ** 20
  const attached = sink.files !== undefined && bundle.archive.bytes.length <= maxAttachmentBytes
  const plan = {
    key,
    marks,
    cause,
    closedTicket: (general.text('closed_ticket') ?? 'link') as 'link' | 'reopen' | 'new',
    maxAttachmentBytes,
    letter: (closed: Ticket | null) => make(attached, closed).letter,
  }
  return await deliverToTicket(sink, plan, make(attached, null), journal)
}

interface Wishes {
  readonly links: readonly StoreLink[]
  readonly attached: boolean
  readonly cause: CauseRecord | null
  readonly marks: readonly string[]
  readonly closed: Ticket | null
}

function parcelOf(order: DeliveryOrder, bundle: PreparedBundle, { cause, ...wishes }: Wishes): Parcel {
  const { manifest, archive, reports, stuck } = bundle
  const letter = bundle.letter({ ...wishes, count: cause?.count ?? 1, places: cause?.places ?? [] })
  return { incident: order.incident, fingerprint: manifest.fingerprint ?? null, letter, archive, reports, stuck }
}

function failureOf(error: StallError, { house, now }: DeliveryOrder, state: DeliveryState): Partial<DeliveryState> {
  const { code, help } = error
  const told = { code, message: house.mask(error.message), help: house.mask(help) }
  if (isForGood(error)) return { status: 'refused', error: told, nextAttemptAt: null }
  const giveUpMs = house.settings.general.number('give_up_seconds', 604_800_000)
  if (now() - Date.parse(state.since) > giveUpMs && state.attempts >= MANY_ATTEMPTS) {
    return {
      status: 'refused',
      error: { ...told, message: `given up after ${state.attempts} attempts: ${told.message}` },
    }
  }
  const retryAfterMs = error instanceof SinkError ? error.retryAfterMs : null
  return { status: 'waiting', error: told, nextAttemptAt: nextAttemptAt(state.attempts, retryAfterMs, now()) }
}

/** Time alone is no reason: a clock may have jumped. */
const MANY_ATTEMPTS = 10
