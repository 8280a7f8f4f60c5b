// What an agent says of itself on the control socket when nothing is wrong, for who plays one.
'use strict'

exports.agentStatus = (startTicks = null) => ({
  pid: process.pid,
  startTicks,
  node: process.version,
  agent: '0.1.0',
  service: null,
  version: null,
  state: 'watching',
  clocks: [],
  lastIncident: null,
  stallTimeoutMs: 0,
  warnMs: 0,
  droppedLogLines: 0,
  logUnavailable: null,
})
