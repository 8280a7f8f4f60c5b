import { once } from 'node:events'
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listDescriptors } from '../../../../src/platform/procfs/descriptors.js'
import { addressText, parseSocketTable, readSockets } from '../../../../src/platform/procfs/sockets.js'
import { parseUnixTable } from '../../../../src/platform/procfs/unix-sockets.js'
import { openTcpInfo, withTcpTimes } from '../../../../src/platform/tcp-info.js'

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 15321 1 0000000000000000 100 0 0 10 0
   1: 0200000A:C350 0500000A:1F90 01 0000012C:00000000 01:00000DAC 00000006     0        0 15400 3 0000000000000000 2400 4 1 1 7
   2: 0200000A:C351 0500000A:1F90 02 00000001:00000000 01:00000064 00000002     0        0 15401 2 0000000000000000
`

test('reads queues, timer, retransmissions and inode of each TCP socket', () => {
  const [listener, stuck, connecting] = parseSocketTable(TCP)
  expect(listener).toMatchObject({
    local: '127.0.0.1:8080',
    peer: null,
    state: 'LISTEN',
    receiveQueueBytes: 3,
    inode: 15321,
  })
  expect(stuck).toMatchObject({
    local: '10.0.0.2:50000',
    peer: '10.0.0.5:8080',
    state: 'ESTABLISHED',
    sendQueueBytes: 300,
    timer: 1,
    retransmits: 6,
  })
  expect(connecting).toMatchObject({ state: 'SYN_SENT', retransmits: 2 })
})

test('leaves out rows that nobody asked for, and lines cut off', () => {
  expect(parseSocketTable(TCP, (inode) => inode === 15401)).toHaveLength(1)
  expect(parseSocketTable(TCP.slice(0, TCP.indexOf('15321') + 3))).toHaveLength(0)
})

test.each([
  ['0100007F:1F90', '127.0.0.1:8080'],
  ['00000000000000000000000001000000:0050', '[::1]:80'],
  ['B80D01200000000067452301EFCDAB89:01BB', '[2001:db8::123:4567:89ab:cdef]:443'],
  ['0000000000000000FFFF00000100007F:1F90', '127.0.0.1:8080'],
])('writes the address %s as %s', (hex, text) => {
  expect(addressText(hex)).toBe(text)
})

test('reads path and state of unix sockets', () => {
  const text = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 20001 /run/app.sock
0000000000000000: 00000003 00000000 00000000 0001 03 20002
`
  expect(parseUnixTable(text)).toEqual([
    { inode: 20001, state: 'LISTEN', path: '/run/app.sock' },
    { inode: 20002, state: 'CONNECTED', path: '' },
  ])
})

describe('of a live process', () => {
  let server: Server
  let client: Socket
  beforeAll(async () => {
    server = createServer((socket) => socket.write('hello')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(client, 'data')
  })
  afterAll(() => {
    client.destroy()
    server.close()
  })

  test('finds both ends of its own connection by descriptor', () => {
    const { port } = server.address() as AddressInfo
    const mine = readSockets('/proc/self', listDescriptors('/proc/self')).filter((each) =>
      [each.local, each.peer].includes(`127.0.0.1:${port}`),
    )
    expect(mine.map((each) => each.state).sort()).toEqual(['ESTABLISHED', 'ESTABLISHED', 'LISTEN'])
    expect(mine.every((each) => each.fd !== null)).toBe(true)
  })

  test.each([
    ['inside', true],
    ['outside', false],
  ] as const)('tells when data last came, from %s', (_name, inside) => {
    const info = openTcpInfo()
    expect(info, 'koffi is installed here').not.toBeNull()
    if (info === null) return
    const { port } = server.address() as AddressInfo
    const sockets = readSockets('/proc/self', listDescriptors('/proc/self'))
    const asked = withTcpTimes(sockets, process.pid, inside, info).find((each) => each.peer === `127.0.0.1:${port}`)
    expect(asked?.lastReceivedMs).toBeGreaterThanOrEqual(0)
    expect(asked?.lastReceivedMs).toBeLessThan(60_000)
    expect(asked?.lastAcknowledgedMs).not.toBeNull()
  })
})
