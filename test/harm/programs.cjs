// One small program a case: programs.cjs NAME. What it writes, how it ends and when has to be the same with the agent.
'use strict'
const { fork } = require('node:child_process')
const cluster = require('node:cluster')
const { writeSync } = require('node:fs')
const { Worker, isMainThread, workerData } = require('node:worker_threads')

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
const say = (text) => console.log(text)
const stay = () => setInterval(() => undefined, 1000)

const PROGRAMS = {
  natural: () => setTimeout(() => say('done'), 50),
  exit: () => setTimeout(() => process.exit(3), 50),
  'exit-code': () => void (process.exitCode = 9),
  throw: () => {
    throw new Error('meant')
  },
  reject: () => void Promise.reject(new Error('meant')),
  handled() {
    process.on('unhandledRejection', (reason) => say(`unhandledRejection ${reason.message}`))
    process.on('uncaughtException', (error, origin) => say(`${origin} ${error.message}`))
    Promise.reject(new Error('first'))
    setTimeout(() => {
      throw new Error('second')
    }, 20)
  },
  'before-exit'() {
    let times = 0
    process.on('beforeExit', (code) => {
      say(`beforeExit ${code}`)
      if (++times < 3) setTimeout(() => undefined, 10)
    })
    process.on('exit', (code) => say(`exit ${code}`))
  },
  'exit-handler': () => process.on('exit', () => void (process.exitCode = 12)),
  abort: () => setTimeout(() => process.abort(), 50),
  stays() {
    stay()
    say('ready')
  },
  'stays-blocked'() {
    stay()
    say('ready')
    setTimeout(() => block(5000), 50)
  },
  drains() {
    const timer = stay()
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2']) {
      process.once(name, (signal, number) => {
        say(`${signal} ${number}`)
        clearInterval(timer)
      })
    }
    say('ready')
  },
  listeners() {
    // 'newListener' apart: the agent has one, by which it learns that the program drains by itself.
    const events = process
      .eventNames()
      .map(String)
      .filter((name) => name !== 'newListener')
      .toSorted()
    say(JSON.stringify(events.map((name) => [name, process.listenerCount(name)])))
    say(JSON.stringify(Object.keys(globalThis).toSorted()))
    say(JSON.stringify([process.execArgv.filter((arg) => !/dist.index|require/.test(arg)), process.argv.length]))
  },
  resources: () => setTimeout(() => say(process.getActiveResourcesInfo().toSorted().join()), 300),
  'worker-limits'() {
    const worker = new Worker(__filename, {
      argv: ['in-worker'],
      resourceLimits: { maxOldGenerationSizeMb: 24, stackSizeMb: 2 },
    })
    worker.on('message', (limits) => say(JSON.stringify(limits)))
    worker.on('exit', (code) => say(`worker ${code}`))
  },
  'in-worker': () =>
    require('node:worker_threads').parentPort.postMessage(require('node:worker_threads').resourceLimits),
  'worker-out-of-memory'() {
    const worker = new Worker(__filename, { argv: ['fills'], resourceLimits: { maxOldGenerationSizeMb: 16 } })
    worker.on('error', (error) => say(error.code))
    worker.on('exit', (code) => say(`worker ${code}`))
  },
  fills() {
    const held = []
    for (;;) held.push(Array.from({ length: 1000 }, (_, index) => index))
  },
  fork() {
    if (process.send) return void process.send(process.argv[2], () => process.disconnect())
    const child = fork(__filename, ['fork'])
    child.on('message', (message) => say(`child says ${JSON.stringify(message)}`))
    child.on('exit', (code) => say(`child ${code}`))
  },
  cluster() {
    if (cluster.isPrimary) {
      let left = 2
      for (let i = 0; i < 2; i++) cluster.fork()
      cluster.on('exit', (_worker, code) => {
        say(`worker ${code}`)
        if (--left === 0) say('done')
      })
      return
    }
    setTimeout(() => process.exit(5), 200)
  },
  stdout() {
    for (let i = 0; i < 2000; i++) process.stdout.write(`${i} ${'x'.repeat(100)}\n`)
  },
  'closed-streams'() {
    setTimeout(() => {
      // The descriptor is whatever opened since, if the agent's own files took the place of a closed stream.
      for (const fd of [1, 2]) {
        try {
          writeSync(fd, 'written to a descriptor that was closed\n')
        } catch {
          continue
        }
      }
      process.exit(4)
    }, 300)
  },
  umask: () => say(process.umask().toString(8)),
  setuid() {
    process.setgid(65534)
    process.setuid(65534)
    setTimeout(() => say(`uid ${process.getuid()} ${process.geteuid()}`), 300)
  },
  blocks() {
    // Long enough for the agent to begin a capture, which must not hold the end up.
    block(2500)
    say('woke')
  },
  'blocks-then-waits'() {
    block(2500)
    sleep(1500).then(() => say('slept'))
  },
  descriptors() {
    const { openSync } = require('node:fs')
    const held = []
    try {
      for (;;) held.push(openSync('/dev/null', 'r'))
    } catch (error) {
      say(error.code)
    }
    setTimeout(() => process.exit(held.length > 0 ? 0 : 1), 200)
  },
  timers() {
    const order = []
    setImmediate(() => order.push('immediate'))
    process.nextTick(() => order.push('tick'))
    Promise.resolve().then(() => order.push('micro'))
    // From within the loop: which of a timer and an immediate is first depends on how long the start took.
    setImmediate(() => setImmediate(() => say(order.join())))
  },
}

if (isMainThread || workerData === null) PROGRAMS[process.argv[2]]()
