// A worker of Conductor's SDK inside OpenTelemetry. Environment:
//   CONDUCTOR_SERVER_URL, SDK  the server, and the folder that the SDK is installed in
//   WORK                       park | loop | loop-plain (a function that is not async) | block
//   TRACE=1                    each task runs in a span
//   FOREIGN=1                  each task runs with a store of the application's own
// Prints `SPAN traceId spanId` with each span, and READY when a task is about to stand still.
'use strict'
const { AsyncLocalStorage } = require('node:async_hooks')
const { execSync } = require('node:child_process')
const { createRequire } = require('node:module')
const path = require('node:path')
const { context, trace } = require('@opentelemetry/api')
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
const { BasicTracerProvider } = require('@opentelemetry/sdk-trace-base')

const sdk = createRequire(path.join(process.env.SDK, 'worker.cjs'))('@io-orkes/conductor-javascript')
const own = new AsyncLocalStorage()
if (process.env.TRACE === '1') {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(new BasicTracerProvider())
}
const parked = []

/** Nothing of the task is passed on: only its context knows whose work this is. */
async function standStill() {
  console.log('READY')
  await new Promise((resolve) => parked.push(resolve))
}

async function spin() {
  await null
  console.log('READY')
  for (;;) if (Date.now() < 0) return
}

function spinPlain() {
  console.log('READY')
  for (;;) if (Date.now() < 0) return
}

function block() {
  console.log('READY')
  execSync('sleep 600')
}

const does = { park: standStill, loop: spin, 'loop-plain': spinPlain, block }[process.env.WORK]

function inSpan(run) {
  if (process.env.TRACE !== '1') return run()
  return trace.getTracer('worker').startActiveSpan('charge', (span) => {
    const { traceId, spanId } = span.spanContext()
    console.log(`SPAN ${traceId} ${spanId}`)
    return run()
  })
}

function withOwn(run) {
  if (process.env.FOREIGN !== '1') return run()
  return own.run({ requestId: 'r-1', password: 'hunter2hunter2' }, run)
}

function execute() {
  return withOwn(() => inSpan(() => does()))
}

async function main() {
  const create = sdk.createConductorClient ?? sdk.orkesConductorClient
  const client = await create({ serverUrl: process.env.CONDUCTOR_SERVER_URL })
  const quiet = () => {}
  const logger = { info: quiet, warn: quiet, error: quiet, debug: quiet }
  const worker = { taskDefName: 'charge', execute, concurrency: 2, pollInterval: 50 }
  const manager = new sdk.TaskManager(client, [worker], { logger, options: { pollInterval: 50, concurrency: 2 } })
  manager.startPolling()
}

void main()
