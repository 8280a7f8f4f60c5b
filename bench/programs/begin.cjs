// Begins to be watched, in the way named by the first argument, and gives a beat.
'use strict'
exports.begin = (variant) => {
  if (variant === 'agent') return require('conductor-stall-agent/api').heartbeat('bench')
  if (variant === 'worker') {
    const { Worker } = require('node:worker_threads')
    new Worker('setInterval(() => {}, 500)', { eval: true, execArgv: [], env: {} }).unref()
  }
  return () => {}
}
