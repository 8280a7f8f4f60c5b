const mysql = require('mysql2/promise')
const { ports, mode, pause, poll } = require('./worker.cjs')

const port = mode === 'away' ? ports.deaf : ports.mysql
const pool = mysql.createPool({
  host: '127.0.0.1',
  port,
  user: 'u',
  password: 'p',
  connectionLimit: 3,
  connectTimeout: 0,
})

async function loadInvoice() {
  const [rows] = await pool.query(`select '${mode}'`)
  return rows[0]
}

async function lockInvoice(n) {
  const connection = await pool.getConnection()
  try {
    const [rows] = await connection.query('select 1')
    if (n % 2 === 0) return
    connection.release()
    return rows[0]
  } catch (error) {
    connection.release()
    throw error
  }
}

poll(async (n) => {
  if (mode === 'leak') return lockInvoice(n)
  await loadInvoice()
  if (mode === 'idle') await pause(4_000)
})
