const { Client, credentials } = require('@grpc/grpc-js')
const { ports, mode, pause, poll } = require('./worker.cjs')

const port = mode === 'away' ? ports.deaf : ports.grpc
const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
const plain = (bytes) => bytes

function say(text) {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest('/talk.Talk/Say', plain, plain, Buffer.from(text), (error, answer) =>
      error ? reject(error) : resolve(answer),
    )
  })
}

/** Looks at the first message alone, and waits for the end of a stream that it has paused. */
function firstOf() {
  return new Promise((resolve, reject) => {
    const call = client.makeServerStreamRequest('/talk.Talk/List', plain, plain, Buffer.from('all'))
    call.once('data', () => call.pause())
    call.once('end', resolve)
    call.once('error', reject)
  })
}

async function greet() {
  return await say(mode)
}

async function listFirst() {
  await firstOf()
}

poll(async () => {
  if (mode === 'leak') return listFirst()
  await greet()
  if (mode === 'idle') await pause(4_000)
})
