const { Sequelize } = require('sequelize')
const { ports, mode, pause, poll } = require('./worker.cjs')

const db = new Sequelize('shop', 'u', 'p', {
  host: '127.0.0.1',
  port: mode === 'away' ? ports.deaf : ports.pg,
  dialect: 'postgres',
  databaseVersion: '16.1.0',
  logging: false,
  pool: { max: 2, acquire: 900_000 },
})

async function countGuests() {
  const [rows] = await db.query(`select '${mode}'`)
  return rows[0]
}

async function bookTable(n) {
  const transaction = await db.transaction()
  await db.query('select 1', { transaction })
  if (n % 2 === 0) return
  await transaction.commit()
}

poll(async (n) => {
  if (mode === 'leak') return bookTable(n)
  await countGuests()
  if (mode === 'idle') await pause(4_000)
})
