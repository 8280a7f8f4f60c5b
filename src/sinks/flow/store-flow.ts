/** The archive into a store. Putting it twice leaves one, so there is nothing to look for after a crash. */
import type { Journal } from '../outbox/journal.js'
import type { Delivered, Parcel, Store } from '../contract/sink.js'

export async function deliverToStore(
  store: Store,
  key: string | null,
  parcel: Parcel,
  journal: Journal,
): Promise<Delivered> {
  return await journal.step('put', async () => await store.put(parcel, key))
}
