// Another process holds the write lock of the database, and the busy time-out is an hour.
const path = require('node:path')
const Database = require('better-sqlite3')

function w_bookOrder(statement) {
  statement.run(1, 'new') // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  const database = new Database(path.join(task.folder, 'orders.db'), { timeout: 3_600_000 })
  const statement = database.prepare('INSERT INTO orders VALUES (?, ?)')
  task.wedging()
  return w_bookOrder(statement)
}
module.exports = { execute: w_execute }
