/** The two ways to the inspector. From outside, its port is closed again by the end of the access. */
import { connectToMainThread } from './connection/main-thread-connection.js'
import { createInspectorAccess, type InspectorAccess } from './inspector-access.js'

/** From one of the agent's own threads: no port, no signal, no permission. */
export function insideInspector(): InspectorAccess {
  return createInspectorAccess(() => Promise.resolve({ connection: connectToMainThread() }), { keep: false })
}

/** From another process, by its debug port. Loads the web socket client only when it is used. */
export function outsideInspector(): InspectorAccess {
  return createInspectorAccess(
    async (target, deadlineMs) => {
      const { openPort } = await import('./connection/open-port.js')
      const opened = await openPort(target, deadlineMs)
      return { connection: opened.connection, beforeDisconnect: async () => void (await opened.close()) }
    },
    { keep: true },
  )
}
