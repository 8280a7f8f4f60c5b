/** `--dry-run`: the same flow as a delivery, with nothing behind it. No request is made, no file written. */
import type { Environment } from '../config/settings.js'
import { marksOf } from './flow/marks.js'
import { deliverMessage } from './flow/message-flow.js'
import { deliverToStore } from './flow/store-flow.js'
import { deliverToTicket } from './flow/ticket-flow.js'
import { newState, openJournal } from './outbox/journal.js'
import type { StoreLink } from '../report/letter/letter.js'
import { prepareBundle } from './parcel/prepare-bundle.js'
import { openSinkHouse, parseDestination } from './registry/registry.js'
import type { Destination, Parcel, Rehearsed, Ticket, TicketSystem } from './contract/sink.js'

export interface Rehearsal {
  readonly destination: string
  readonly requests: readonly Rehearsed[]
}

export interface RehearsalOptions {
  /** Told of each setting that can't be understood: what is missing may be one of them. */
  readonly warn?: (text: string) => void
}

/** Throws what a delivery would fail with before anything is sent: settings, or a damaged bundle. */
export async function rehearse(
  folder: string,
  to: readonly string[],
  env: Environment,
  { warn = () => undefined }: RehearsalOptions = {},
): Promise<Rehearsal[]> {
  let requests: Rehearsed[] = []
  const house = openSinkHouse({ env, rehearse: (request) => requests.push(request) })
  for (const warning of house.settings.warnings) warn(warning)
  const bundle = await prepareBundle(folder)
  const { manifest, archive, reports, stuck } = bundle
  const fingerprint = manifest.fingerprint ?? null
  const marks = marksOf(manifest.id, fingerprint)
  const maxAttachmentBytes = house.settings.general.number('max_attachment_mb', 64) * 2 ** 20
  const links: StoreLink[] = []
  const rehearsals: Rehearsal[] = []
  const sinks = await Promise.all(
    to.map(async (name) => ({ destination: parseDestination(name), sink: await house.open(parseDestination(name)) })),
  )
  for (const { destination, sink } of sinks.toSorted(
    (a, b) => Number(b.sink.kind === 'store') - Number(a.sink.kind === 'store'),
  )) {
    requests = []
    const journal = openJournal(newState(manifest.id, destination.name, Date.now()), () => undefined)
    const attached = sink.kind === 'ticket' && sink.files !== undefined && archive.bytes.length <= maxAttachmentBytes
    const words = [marks.incident, ...(marks.cause === null ? [] : [marks.cause])]
    const wishes = { links, attached, count: 1, places: [], marks: words, closed: null }
    const parcel: Parcel = {
      incident: manifest.id,
      fingerprint,
      letter: bundle.letter(wishes),
      archive,
      reports,
      stuck,
    }
    if (sink.kind === 'store') {
      const { url, pageUrl = null } = await deliverToStore(sink, destination.key, parcel, journal)
      if (url !== null) links.push({ name: destination.name, url, pageUrl })
    } else if (sink.kind === 'message') {
      await deliverMessage(sink, destination.key, parcel, { count: 1, first: null }, journal)
    } else {
      const plan = {
        key: destination.key,
        marks,
        cause: null,
        closedTicket: 'link' as const,
        maxAttachmentBytes,
        letter: () => parcel.letter,
      }
      await deliverToTicket(named(sink, destination), plan, parcel, journal)
    }
    rehearsals.push({ destination: destination.name, requests })
  }
  return rehearsals
}

/** What these call a ticket in an address is not what people call it. */
const CALLED_OTHERWISE: ReadonlySet<string> = new Set(['servicenow'])

/** A ticket that was named is shown by that name: nobody answers here with what the other side calls it. */
function named(system: TicketSystem, { sink, key }: Destination): TicketSystem {
  if (key === null || CALLED_OTHERWISE.has(sink)) return system
  const get = async (asked: string): Promise<Ticket> => ({ ...(await system.get(asked)), ref: key })
  // Not a copy: a module's own system may be an object of a class.
  return Object.assign(Object.create(system) as TicketSystem, { get })
}
