const { Pool } = require('pg')
const { ports, mode, pause, poll } = require('./worker.cjs')

const port = mode === 'away' ? ports.deaf : ports.pg
const pool = new Pool({ host: '127.0.0.1', port, user: 'u', password: 'p', database: 'shop', max: 3 })

async function countOrders() {
  const { rows } = await pool.query(
    mode === 'silent' ? "select 'silent'" : mode === 'slow' ? "select 'slow'" : 'select 1',
  )
  return rows[0]
}

async function reserve(n) {
  const client = await pool.connect()
  const { rows } = await client.query('select 1')
  if (n % 2 === 0) return null
  client.release()
  return rows[0]
}

poll(async (n) => {
  if (mode === 'leak') return reserve(n)
  const found = await countOrders()
  if (mode === 'idle') await pause(4_000)
  return found
})
