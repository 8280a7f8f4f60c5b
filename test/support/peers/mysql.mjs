// A MySQL server, by mysql2's own server side: each query has one row, when `later` answers it.
import { once } from 'node:events'

/**
 * @param {() => any} createServer of mysql2
 * @param {(text: string, answer: () => void) => void} later decides by what is asked when it is answered, or never
 * @returns {Promise<number>} its port of loopback
 */
export async function listenMysql(createServer, later) {
  const server = createServer()
  server.on('connection', (connection) => {
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: '8.0.0',
      connectionId: 7,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: 0xffffff ^ 0x800 ^ 0x20,
    })
    const column = { catalog: 'def', schema: '', table: '', orgTable: '', name: 'n', orgName: 'n', characterSet: 63 }
    const shape = [{ ...column, columnLength: 1, columnType: 8, flags: 0, decimals: 0 }]
    connection.on('query', (sql) =>
      later(sql, () => {
        connection._resetSequenceId?.()
        connection.sequenceId = 1
        connection.writeTextResult([{ n: 1 }], shape)
      }),
    )
    connection.on('ping', () => connection.writeOk())
    connection.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server._server, 'listening')
  return server._server.address().port
}
