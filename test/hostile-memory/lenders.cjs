// Pools that are made to keep a search for their lent members busy: too many, in rings, of garbage, in endless code.
const { runInThisContext } = require('node:vm')

const kept = []
const hold = (value) => (kept.push(value), value)

class Pool {
  constructor(lent) {
    this.idle = []
    this.lent = lent
    this.waiting = []
    this.max = 10
  }

  acquire() {
    return new Promise((resolve) => this.waiting.push(resolve))
  }
}

class Client {
  constructor(number) {
    this.number = number
    this.client = null
    this.activeQuery = null
  }

  query() {
    return this.number
  }
}

const clients = (count) => new Set(Array.from({ length: count }, (_, at) => new Client(at)))

async function take(pool) {
  const client = await pool.acquire()
  return client
}

/** In a file of the application's, where calls that take a member are looked for. */
const takeIn = (filename, source) => hold(runInThisContext(source, { filename })(new Pool(clients(5))))

const LENDERS = {
  'lent members': (count) => {
    hold(take(hold(new Pool(clients(count)))))
  },
  'waiters for a lent member': (count) => {
    const pool = hold(new Pool(clients(5)))
    for (let left = count; left > 0; left--) hold(take(pool))
  },
  pools: (count) => {
    for (let left = count; left > 0; left--) hold(take(hold(new Pool(clients(2)))))
  },
  'holders of a lent member': (count) => {
    const [client] = hold(clients(1))
    hold(take(hold(new Pool(new Set([client])))))
    hold(Array.from({ length: count }, () => ({ client })))
    for (let left = count / 10; left > 0; left--) {
      const keep = async (mine) => {
        await new Promise((resolve) => hold(resolve))
        return mine
      }
      hold(keep(client))
    }
  },
  'chain to a lent member': (count) => {
    const [client] = clients(1)
    hold(take(hold(new Pool(new Set([client])))))
    let last = { client }
    for (let left = count; left > 0; left--) last = { last }
    hold(last)
  },
  'ring of lent members': (count) => {
    // Each is within the next, and within the pool that is a member of itself.
    const members = [...clients(count)]
    for (const [at, member] of members.entries()) {
      const next = members[(at + 1) % count]
      for (const name of ['obj', 'resource', 'connection', 'client', 'conn', '_connection', '_client', 'raw'])
        member[name] = next
    }
    const pool = hold(new Pool(new Set(members)))
    pool.lent.add(pool)
    for (const member of members.slice(0, 24)) member.pool = pool
    hold(take(pool))
  },
  'properties of a lent member': (count) => {
    const [client] = clients(1)
    for (let at = 0; at < count; at++) client[`part${at}`] = { at, client }
    hold(take(hold(new Pool(new Set([client])))))
  },
  'members of garbage': (count) => {
    const odd = [Number.NaN, -1, 2 ** 53, 10n ** 1000n, Symbol('client'), 'c'.repeat(1000), null, undefined, () => {}]
    odd.push(new Proxy({}, {}), new WeakRef({}), new Uint8Array(8), /client/, new Date(Number.NaN), Promise.resolve(1))
    odd.push(Object.create(null), globalThis, new Error('client'), new Map([[odd, odd]]), process)
    const sparse = []
    sparse[count] = odd
    for (const lent of [new Set(odd), odd, sparse, new Map(odd.map((each) => [each, each])), Object.assign({}, odd)]) {
      for (const max of [Number.NaN, -0, Infinity, 2 ** 40, {}, 'max']) {
        const pool = hold(new Pool(lent))
        Object.assign(pool, { max, options: pool, config: odd, _options: sparse, idle: sparse, all: odd })
        hold(take(pool))
      }
    }
  },
  'names of a lent member': (count) => {
    const name = 'n'.repeat(count)
    const Long = { [name]: class extends Client {} }[name]
    const client = new Long(0)
    const holder = { [name]: client }
    hold(take(hold(new Pool(new Set([client])))))
    hold(
      runInThisContext(`(async function ${name}(mine, wait) { await wait; return mine })`)(
        holder,
        new Promise(() => {}),
      ),
    )
  },
  'takings of a lent member': (count) => {
    const one = (at) => `async function take${at}(pool) { const client = await pool.acquire(); return client.number }\n`
    const all = Array.from({ length: count }, (_, at) => one(at)).join('')
    takeIn('/srv/takings.js', `(() => {${all}; return take0})()`)
  },
  'braces around a taking': (count) => {
    const open = '{'.repeat(count)
    takeIn(
      '/srv/braces.js',
      `(async function take(pool) {${open} const client = await pool.acquire(); ${'}'.repeat(count)}})`,
    )
  },
  'a line of takings': (count) => {
    const calls = Array.from({ length: count }, (_, at) => `a${at} = await pool.acquire()`).join(', ')
    takeIn('/srv/line.js', `(async function take(pool) { const ${calls}; return a0 })`)
  },
  'comments around a taking': (count) => {
    const noise = "/* ' */ \"`\" ; '/*' ; `${1}` ; /[/'\"]/ ; ".repeat(count)
    takeIn(
      '/srv/noise.js',
      `(async function take(pool) { const client = await pool.acquire(); ${noise} return client })`,
    )
  },
  'ways out of a taking': (count) => {
    const ways = Array.from(
      { length: count },
      (_, at) => `if (client.number === ${at}) return; try { step() } catch {}`,
    )
    takeIn(
      '/srv/ways.js',
      `(async function take(pool) { const client = await pool.acquire(); ${ways.join('\n')}; client.release() })`,
    )
  },
}

module.exports = { LENDERS }
