// For programs that lose their agent: ends its watch thread from within, and nothing else of the process.
'use strict'
const { Session } = require('node:inspector')

/** @returns what ends it. Not while it loads native code: torn out of that, the addon aborts the whole process. */
exports.watchThreadEnder = () => {
  const session = new Session()
  session.connect()
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    // Its short threads end by themselves.
    if (!workerInfo.url.endsWith('watch-thread.js')) return
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'process.exit(0)' } })
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message })
  })
  return () => session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
}
