// A MongoDB server, in OP_MSG and in the OP_QUERY of the first hello. A collection `many` has more rows than its first
// batch, so that its cursor stays open. To a client that says so it is behind a load balancer.
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * @param {{ serialize: Function, deserialize: Function, ObjectId: any }} bson
 * @param {(text: string, answer: () => void) => void} later decides by the collection when it is answered, or never
 * @returns {Promise<number>} its port of loopback
 */
export async function listenMongo({ serialize, deserialize, ObjectId }, later) {
  const serviceId = new ObjectId()
  const hello = {
    ok: 1,
    isWritablePrimary: true,
    helloOk: true,
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    minWireVersion: 0,
    maxWireVersion: 21,
    logicalSessionTimeoutMinutes: 30,
    connectionId: 1,
  }

  const batchOf = (command) => {
    const name = command.find ?? command.aggregate ?? command.collection
    const id = String(name).includes('many') ? 5n : 0n
    const rows = [{ n: 1 }]
    return {
      ok: 1,
      cursor: { id, ns: `db.${name}`, ...(command.getMore ? { nextBatch: rows } : { firstBatch: rows }) },
    }
  }

  const replyTo = (command) => {
    if (command.hello || command.ismaster || command.isMaster)
      return command.loadBalanced ? { ...hello, msg: 'isdbgrid', setName: undefined, serviceId } : hello
    return command.find || command.aggregate || command.getMore ? batchOf(command) : { ok: 1 }
  }

  const server = createServer((socket) => {
    let held = Buffer.alloc(0)
    socket.on('error', () => {})
    const answer = (id, opcode, doc) => {
      const body = serialize(doc, { ignoreUndefined: true })
      const front = opcode === 1 ? Buffer.alloc(20) : Buffer.alloc(5)
      if (opcode === 1) front.writeInt32LE(1, 16)
      const head = Buffer.alloc(16)
      head.writeInt32LE(16 + front.length + body.length, 0)
      head.writeInt32LE(id, 8)
      head.writeInt32LE(opcode, 12)
      socket.write(Buffer.concat([head, front, body]))
    }
    socket.on('data', (data) => {
      held = Buffer.concat([held, data])
      while (held.length >= 4 && held.length >= held.readInt32LE(0)) {
        const length = held.readInt32LE(0)
        const id = held.readInt32LE(4)
        const opcode = held.readInt32LE(12)
        const packet = held.subarray(0, length)
        held = held.subarray(length)
        if (opcode === 2004) {
          // Flags, the collection's name and two numbers stand before the document.
          const at = 20 + packet.subarray(20).indexOf(0) + 9
          answer(id, 1, replyTo(deserialize(packet.subarray(at))))
        } else {
          const command = deserialize(packet.subarray(21, 21 + packet.readInt32LE(21)))
          later(String(command.find ?? ''), () => answer(id, 2013, replyTo(command)))
        }
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server.address().port
}
