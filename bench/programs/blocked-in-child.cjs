// Waits for a child process, in a system call.
'use strict'
setTimeout(function handle() {
  require('node:fs').writeSync(1, 'ready\n')
  require('node:child_process').spawnSync('sleep', ['20'])
}, 50)
