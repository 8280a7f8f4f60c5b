const knex = require('knex')
const { ports, mode, pause, poll } = require('./worker.cjs')

const port = mode === 'away' ? ports.deaf : ports.pg
const db = knex({
  client: 'pg',
  version: '16.1',
  connection: { host: '127.0.0.1', port, user: 'u', password: 'p', database: 'shop' },
  pool: { min: 0, max: 2 },
  acquireConnectionTimeout: 900_000,
})

async function countStock() {
  const { rows } = await db.raw(`select '${mode}'`)
  return rows[0]
}

async function book(n) {
  const transaction = await db.transaction()
  await transaction.raw('select 1')
  if (n % 2 === 0) return
  await transaction.commit()
}

poll(async (n) => {
  if (mode === 'leak') return book(n)
  await countStock()
  if (mode === 'idle') await pause(4_000)
})
