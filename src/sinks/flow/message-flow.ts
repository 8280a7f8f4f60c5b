/** A message, once. Its id makes a second one recognisable for the receiver, should the first have been sent in a crash. */
import { createHash } from 'node:crypto'
import type { Journal } from '../outbox/journal.js'
import type { Before, Delivered, Messenger, Parcel } from '../contract/sink.js'

export async function deliverMessage(
  messenger: Messenger,
  key: string | null,
  parcel: Parcel,
  before: Before,
  journal: Journal,
): Promise<Delivered> {
  const id = messageId(parcel.incident, journal.state.destination)
  return await journal.step('send', async () => await messenger.send(parcel, id, before, key))
}

/** The same for every attempt to tell this incident there: 32 hex digits. */
export function messageId(incident: string, destination: string): string {
  return createHash('sha256').update(`${incident} ${destination}`).digest('hex').slice(0, 32)
}
