const dns = require('node:dns/promises')

async function w_findBroker(name) {
  const { address } = await dns.lookup(name, { family: 4 }) // @here
  return address
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return await w_findBroker('broker.internal.example')
}
module.exports = { execute: w_execute }
