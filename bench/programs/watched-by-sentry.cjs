// A main thread that is stuck, and a thread that asks @sentry-internal/node-native-stacktrace for its stack, again and
// again. usage: spin|spawn COUNT; prints { ms: [...], frames } as one line. `frames`: of the main thread, 0 where it gives none.
'use strict'
const { writeSync } = require('node:fs')
const { isMainThread, Worker, workerData } = require('node:worker_threads')
const { captureStackTrace, registerThread } = require('../peers/node_modules/@sentry-internal/node-native-stacktrace')

let sum = 0
function compute(times) {
  for (let index = 0; index < times; index++) sum = (sum * 33 + index) | 0
}
function stuck(kind) {
  if (kind === 'spawn') require('node:child_process').spawnSync('sleep', ['20'])
  for (;;) compute(1e5)
}

if (isMainThread) {
  registerThread()
  const [kind, count] = process.argv.slice(2)
  new Worker(__filename, { workerData: Number(count) }).once('message', () => stuck(kind))
} else {
  const { parentPort } = require('node:worker_threads')
  parentPort.postMessage('ready')
  setTimeout(() => {
    const ms = []
    let frames = 0
    for (let index = 0; index < workerData; index++) {
      const startedMs = performance.now()
      const stacks = captureStackTrace()
      ms.push(performance.now() - startedMs)
      frames = Math.max(frames, stacks['0']?.frames?.length ?? 0)
    }
    writeSync(1, `${JSON.stringify({ ms, frames })}\n`)
    // The main thread can't end itself.
    process.kill(process.pid, 'SIGKILL')
  }, 300)
}
