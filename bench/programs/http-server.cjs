// Answers at once; the peer of throughput.cjs. Says its port.
'use strict'
const server = require('node:http').createServer((request, response) => {
  request.resume()
  response.setHeader('content-type', 'application/json')
  response.end('[]')
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`))
