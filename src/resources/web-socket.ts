/**
 * Node's own WebSocket (undici's, from Node 22 on): the address that it is connected to, over the socket that brings its
 * messages. lib/web/websocket/websocket.js: `[url]` in undici 6 (Node 22), `#url` in 7 and 8 (Node 24, 26). A URL keeps
 * its text in the `href` of its context (lib/internal/url.js). The package `ws` has a class of the same name and no such
 * field: what waits for one of its events is told by its emitter.
 */
import type { Family } from './family.js'
import type { NodeObject } from './node-object.js'

export const webSockets: Family = {
  requests: ['WebSocket', '_WebSocket'],
  describe(object) {
    const url = urlOf(object)
    if (url === null || !URL.canParse(url)) return null
    const { protocol, host, pathname } = new URL(url)
    return { kind: 'socket', type: 'web-socket', address: `${protocol}//${host}${pathname}`, host, owner: 'WebSocket' }
  },
}

function urlOf(socket: NodeObject): string | null {
  const url = socket.object('[url]', '#url')
  return url?.object('#context', '[context]')?.text('href') ?? null
}
