/** What holds a closed server open: its connections, who is on the other side, and what each of them does. */
import { PATIENCE_MS, type Leaf } from './leaf.js'
import { seconds } from './phrases.js'
import type { View } from './view.js'

const MOST_TOLD = 3

/** Nothing came on any of them for so long that a graceful end is over. */
export function areAbandoned(view: View, { waits }: Leaf): boolean {
  const sockets = (waits.open?.fds ?? []).map((fd) => view.last.kernel?.sockets.find((each) => each.fd === fd))
  return sockets.length > 0 && sockets.every((socket) => (socket?.lastReceivedMs ?? 0) >= PATIENCE_MS)
}

/** `from 127.0.0.1:45432 (idle, silent for 3.6 s); from 10.0.0.7:51020 (GET /report, not answered)`; null for another wait. */
export function openConnectionsText(view: View, { waits }: Leaf): string | null {
  if (waits.open === undefined) return null
  const requests = view.last.awaits?.requests ?? []
  const told = waits.open.fds.flatMap((fd): string[] => {
    const socket = view.last.kernel?.sockets.find((each) => each.fd === fd)
    if (socket === undefined) return []
    const request = requests.find((each) => each.fd === fd)
    const silent = socket.lastReceivedMs === null ? '' : `, silent for ${seconds(socket.lastReceivedMs)}`
    const doing =
      request === undefined
        ? `idle${silent}`
        : `${request.method ?? 'a request'} ${request.path ?? ''}, not answered${silent}`
    return [`from ${socket.peer ?? 'a local socket'} (${doing.replaceAll(' ,', ',')})`]
  })
  const more = waits.open.connections - Math.min(told.length, MOST_TOLD)
  return [...told.slice(0, MOST_TOLD), ...(more > 0 && told.length > 0 ? [`${more} more`] : [])].join('; ')
}
