const dns = require('node:dns/promises')

async function w_resolvePartner(name) {
  const { address } = await dns.lookup(name, { family: 4 }) // @here
  return address
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => w_resolvePartner(`${name}.partner.example`)))
}
module.exports = { execute: w_execute }
