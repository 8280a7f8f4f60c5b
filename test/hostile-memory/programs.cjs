// Processes that are made to keep a reader of their memory busy: each builds one thing in excess, says so, and stays.
// usage: node programs.cjs NAME [COUNT]
const dgram = require('node:dgram')
const net = require('node:net')
const { fork } = require('node:child_process')
const { runInThisContext } = require('node:vm')
const { LENDERS } = require('./lenders.cjs')

const kept = []
const never = new Promise(() => {})
const hold = (value) => (kept.push(value), value)
const [, , wanted, given] = process.argv

async function step(before) {
  await before
}

/** Rings and lists that a walk by recursion, or one without a limit, does not come back from. */
function listOf(count) {
  let list = null
  for (let left = count; left > 0; left--) list = { next: list }
  return list
}

const PROGRAMS = {
  'chain of promises': (count) => {
    let last = never
    for (let left = count; left > 0; left--) last = last.then(() => left)
    hold(last)
  },
  'chain of awaits': (count) => {
    let last = never
    for (let left = count; left > 0; left--) last = step(last)
    hold(last)
  },
  'pending awaits': (count) => {
    for (let left = count; left > 0; left--) {
      // A promise that nobody holds takes its waiting function with it.
      step(hold(new Promise(() => {})))
    }
  },
  'pending awaits of one promise': (count) => {
    for (let left = count; left > 0; left--) hold(step(never))
  },
  'ring of awaits': (count) => {
    const ring = []
    const waitFor = async (at) => {
      await never2
      await ring[(at + 1) % count]
    }
    let go
    const never2 = new Promise((resolve) => (go = resolve))
    for (let at = 0; at < count; at++) ring.push(waitFor(at))
    go()
    hold(ring)
  },
  'ring of contexts': (count) => {
    // Each closure's context holds the next closure; the last one's the first.
    let first = null
    let next = null
    for (let left = count; left > 0; left--) {
      const inner = next
      const cell = { other: inner }
      next = () => cell
      first ??= cell
    }
    first.other = next
    hold(next)
    hold(
      (async () => {
        const mine = next
        await never
        return mine
      })(),
    )
  },
  timers: (count) => {
    for (let left = count; left > 0; left--) setTimeout(() => left, 3_600_000 + (left % 50_000))
  },
  'awaited timers': (count) => {
    const sleep = require('node:timers/promises').setTimeout
    for (let left = count; left > 0; left--) hold(step(sleep(3_600_000 + (left % 1000))))
  },
  'UDP handles': (count) => {
    for (let left = count; left > 0; left--) hold(dgram.createSocket('udp4'))
  },
  sockets: (count) =>
    new Promise((resolve) => {
      // The other ends are in a process of their own, which has a limit of its own.
      const peer = fork(__filename, ['peer'], { stdio: 'ignore' })
      process.once('exit', () => peer.kill('SIGKILL'))
      peer.once('message', (port) => {
        let open = 0
        let asked = 0
        const more = () => {
          if (asked === count) return
          const host = `127.0.0.${1 + Math.floor(asked / 20_000)}`
          asked++
          const socket = hold(net.connect({ host, port }))
          socket.once('connect', () => {
            open++
            if (open === count) resolve(open)
            more()
          })
          // The limit of descriptors: these are what there are.
          socket.once('error', () => resolve(open))
        }
        for (let lane = 0; lane < 64; lane++) more()
      })
    }),
  'name of a function': (count) => {
    const name = 'a'.repeat(count)
    hold(runInThisContext(`(async function ${name}(wait) { await wait })`)(never))
  },
  'name of a file': (count) => {
    const filename = `/srv/${'f'.repeat(count)}.js`
    hold(runInThisContext('(async (wait) => { await wait })', { filename })(never))
  },
  'source of a script': (count) => {
    const source = `(async function within(wait) { await wait })//${'x'.repeat(count)}`
    hold(runInThisContext(source, { filename: '/srv/large.js' })(never))
  },
  'local strings': (count) => {
    hold(
      (async () => {
        const text = 't'.repeat(count)
        const object = { [`k${'k'.repeat(count)}`]: text, error: new Error(text) }
        await never
        return [text, object]
      })(),
    )
  },
  'string of a million pieces': (count) => {
    hold(
      (async () => {
        let rope = 'piece'
        for (let left = count; left > 0; left--) rope += String.fromCharCode(97 + (left % 26))
        await never
        return rope
      })(),
    )
  },
  'URL of a request': (count) => {
    const server = net
      .createServer(() => {})
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address()
        const ask = async () => {
          const request = require('node:http').get({ host: '127.0.0.1', port, path: `/${'u'.repeat(count)}` })
          await require('node:events').once(request, 'response')
        }
        hold(ask())
      })
  },
  'chain of prototypes': (count) => {
    let object = {}
    for (let left = count; left > 0; left--) object = Object.create(object)
    hold(
      (async () => {
        const deep = object
        await never
        return deep
      })(),
    )
    Reflect.set(object, ['th', 'en'].join(''), () => {})
    hold(step(object))
  },
  'nested locals': (count) => {
    hold(
      (async () => {
        const list = listOf(count)
        const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`field${at}`, at]))
        await never
        return [list, wide]
      })(),
    )
  },
  'deep stack': (count) => {
    const down = (left) => (left === 0 ? burn() : 1 + down(left - 1))
    const burn = () => {
      console.log('ready')
      for (;;);
    }
    down(count)
  },
  'many functions': (count) => {
    for (let at = 0; at < count; at++) hold(runInThisContext(`(async function f${at}(wait) { await wait })`)(never))
  },
  'many threads': (count) => {
    const { Worker } = require('node:worker_threads')
    const ready = []
    for (let left = count; left > 0; left--) {
      const worker = hold(new Worker('setInterval(() => {}, 1e6)', { eval: true }))
      ready.push(new Promise((resolve) => worker.once('online', resolve)))
    }
    return Promise.all(ready)
  },
  ...LENDERS,
}

async function main() {
  if (wanted === 'peer') {
    const server = net.createServer((socket) => socket.on('error', () => {}))
    server.listen({ port: 0, host: '0.0.0.0', backlog: 4096 }, () => process.send(server.address().port))
    process.once('disconnect', () => process.exit())
    return
  }
  const made = await PROGRAMS[wanted](Number(given))
  setInterval(() => {}, 2 ** 30)
  console.log(`ready ${typeof made === 'number' ? made : ''}`)
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
