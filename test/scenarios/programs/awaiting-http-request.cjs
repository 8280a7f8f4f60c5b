const http = require('node:http')

const agent = new http.Agent({ keepAlive: true })

function request(url) {
  return new Promise((resolve, reject) => {
    http.get(url, { agent }, resolve).on('error', reject)
  })
}

async function w_loadInvoice(base, id) {
  const answer = await request(`${base}/hang/invoices/${id}`) // @here
  return answer.statusCode
}

async function w_execute(task) {
  if (!task.wedge) return
  task.wedging()
  return w_loadInvoice(task.base, 7)
}
module.exports = { execute: w_execute }
