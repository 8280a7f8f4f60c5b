// A server that forgets to answer: it is well in all that can be counted.
const http = require('node:http')

const waiting = []

function w_bookSeat(request, response) {
  if (request.url === '/free') response.end('free')
  else waiting.push({ seat: request.url })
}

async function w_loop(worker) {
  const server = http.createServer(w_bookSeat)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${server.address().port}`
  await (await fetch(`${base}/free`)).text()
  const { spawn } = require('node:child_process')
  const asker = `for (const seat of ['/a1', '/a2', '/a3']) fetch(process.argv[1] + seat)`
  spawn(process.execPath, ['-e', asker, base], { stdio: 'ignore' })
  setTimeout(worker.wedging, 1_500)
}
module.exports = { loop: w_loop }
