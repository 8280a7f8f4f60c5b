// Another process holds the write lock of the database, and the busy time-out is an hour.
const path = require('node:path')
const { DatabaseSync } = require('node:sqlite')

function w_bookOrder(database) {
  database.exec("INSERT INTO orders VALUES (1, 'new')") // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  const database = new DatabaseSync(path.join(task.folder, 'orders.db'))
  database.exec('PRAGMA busy_timeout = 3600000')
  task.wedging()
  return w_bookOrder(database)
}
module.exports = { execute: w_execute }
