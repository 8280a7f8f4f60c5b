const http = require('node:http')
const { once } = require('node:events')
const { PassThrough } = require('node:stream')
const big = http.createServer((request, response) => response.end(Buffer.alloc(request.url === '/big' ? 8_000_000 : 10)))
const listening = new Promise((resolve) => big.listen(0, '127.0.0.1', resolve))

async function w_store(path) {
  await listening
  const response = await new Promise((resolve, reject) =>
    http.get({ host: '127.0.0.1', port: big.address().port, path }, resolve).on('error', reject),
  )
  const archive = new PassThrough()
  const checksum = new PassThrough() // nobody reads it
  response.pipe(archive)
  response.pipe(checksum)
  archive.resume()
  await once(archive, 'end') // @here
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  await w_store(task.wedge ? '/big' : '/small')
}
module.exports = { execute: w_execute }
