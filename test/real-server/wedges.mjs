// What is done to a worker on the real server, and by which way its task gets on again.
import { once } from 'node:events'
import net from 'node:net'
import { createFront } from '../fixtures/conductor-server/front.mjs'

const OVERDUE = { timeoutSeconds: 60, responseTimeoutSeconds: 2 }
/** So long that a workflow that completes in time has had its task given back. */
const PATIENT = { timeoutSeconds: 900, responseTimeoutSeconds: 600 }

export const WEDGES = {
  'a loop in the first attempt': { task: 'charge', times: OVERDUE, env: { WEDGE: 'loop' } },
  'a first attempt that never settles': { task: 'charge', times: OVERDUE, env: { WEDGE: 'never' } },
  'a loop, and the task given back': {
    task: 'refund',
    times: PATIENT,
    env: {
      WEDGE: 'loop',
      CONDUCTOR_STALL_SINK_TO: 'conductor',
      CONDUCTOR_STALL_SINK_CONDUCTOR_FAIL_TASKS: 'true',
    },
    givenBack: true,
  },
  'an HTTP/2 connection that is dead': {
    task: 'charge',
    times: OVERDUE,
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    tls: true,
    noTask: true,
    act: (front) => front.mute(),
  },
}

/** Stands before the server; `mute` lets every connection of that moment swallow what comes. */
export async function startFront(port) {
  const front = createFront(() => net.connect(port, '127.0.0.1'))
  front.server.listen(0, '127.0.0.1')
  await once(front.server, 'listening')
  const sockets = new Set()
  front.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return {
    port: front.server.address().port,
    mute: () => front.mute(),
    stop() {
      for (const socket of sockets) socket.destroy()
      front.server.close()
    },
  }
}
