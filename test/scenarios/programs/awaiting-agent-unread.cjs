// Four sockets at most, and answers of which only the head is read.
const http = require('node:http')
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 })
const big = http.createServer((request, response) => response.end(Buffer.alloc(request.url === '/big' ? 4_000_000 : 10)))
const listening = new Promise((resolve) => big.listen(0, '127.0.0.1', resolve))

async function w_isKnown(path, read) {
  await listening
  const options = { host: '127.0.0.1', port: big.address().port, path, agent }
  const response = await new Promise((resolve, reject) => http.get(options, resolve).on('error', reject)) // @here
  if (read) response.resume()
  return response.statusCode === 200
}

async function w_execute(task) {
  if (!task.wedge) return await w_isKnown('/small', true)
  task.wedging()
  for (let i = 0; i < 3; i++) await w_isKnown('/big', false)
}
module.exports = { execute: w_execute }
