const { pbkdf2Sync } = require('node:crypto')

function w_deriveKey(secret) {
  return pbkdf2Sync(secret, 'salt', 500_000_000, 64, 'sha512') // @here
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return w_deriveKey('secret')
}
module.exports = { execute: w_execute }
