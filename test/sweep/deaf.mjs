// Two ports of a process that hangs: one has room for connections that nobody accepts, the other has none left.
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { connect, createServer } from 'node:net'

const deaf = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 200 })
const full = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 })
await Promise.all([once(deaf, 'listening'), once(full, 'listening')])
// Connected before the loop turns again, so that none of them is accepted before it hangs.
for (let i = 0; i < 4; i++) connect(full.address().port, '127.0.0.1').on('error', () => {})
await new Promise((resolve) => process.nextTick(resolve))
writeSync(1, `${JSON.stringify({ deaf: deaf.address().port, full: full.address().port })}\n`)
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
