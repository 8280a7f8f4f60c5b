/** Tells of the first HTTP request that this process serves: what serves is no build tool. Costs nothing afterwards. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

const CHANNEL = 'http.server.request.start'

export function onFirstRequest(begin: () => void): void {
  const heard = (): void => {
    unsubscribe(CHANNEL, heard)
    begin()
  }
  subscribe(CHANNEL, heard)
}
