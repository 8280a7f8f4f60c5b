/** BroadcastChannel (lib/internal/worker/io.js): by its name, over the port that brings its messages. */
import type { Family } from './family.js'

export const broadcastChannels: Family = {
  classes: ['BroadcastChannel'],
  requests: ['BroadcastChannel'],
  describe(object) {
    const name = object.text('[kName]')
    return {
      kind: 'message-port',
      label: 'BroadcastChannel',
      owner: 'BroadcastChannel',
      ...(name === null ? {} : { name }),
    }
  },
}
