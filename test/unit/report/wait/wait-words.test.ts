import { describe, expect, test } from 'vitest'
import type { WaitFacts } from '../../../../src/model/wait.js'
import { sayWait, sayWaits } from '../../../../src/report/wait/wait-words.js'

const HOLDER = { function: 'transfer', file: '/app/bank.js', line: 12, column: 3 }
const QUEUE = [
  { name: 'module', slot: '{costMeter}', role: 'module' },
  { name: 'Mutex', slot: '.waiters', role: 'object' },
] as const
const HTTP = { kind: 'http-request', method: 'GET', url: 'http://a/b' } as const
const POOL = { owner: 'Pool._pendingQueue', position: 0, queued: 1, lent: 1, idle: 0, size: 1, members: [] }

const PHRASES: readonly (readonly [string, WaitFacts])[] = [
  ['socket', { kind: 'socket', fd: 7 }],
  ['TLS socket to db.internal, connecting', { kind: 'socket', type: 'tls', host: 'db.internal', connecting: true }],
  ['a listening server', { kind: 'socket', type: 'listening' }],
  ['socket, through LineClient.pending', { kind: 'socket', through: ['LineClient.pending'] }],
  ['WebSocket ws://a:1/feed', { kind: 'socket', type: 'web-socket', address: 'ws://a:1/feed', host: 'a:1' }],
  ['GET http://a/b, no answer', HTTP],
  ['GET http://a/b, sent, no answer', { ...HTTP, sent: true }],
  ['GET http://a/b, not yet sent', { ...HTTP, sent: false }],
  ['GET http://a/b, answer begun', { ...HTTP, sent: true, answered: true }],
  [
    'GET http://a/b, sent, answer begun, its body is not complete',
    { ...HTTP, sent: true, answered: true, body: 'incomplete' },
  ],
  ['HTTP/2 session to https://a', { kind: 'http2-stream', part: 'session', authority: 'https://a' }],
  [
    'HTTP/2 stream 3: POST /x to https://a, no answer',
    { kind: 'http2-stream', part: 'stream', streamId: 3, method: 'POST', path: '/x', authority: 'https://a' },
  ],
  ['a timer', { kind: 'timer' }],
  ['timer of 30 s, due in 12 s', { kind: 'timer', afterMs: 30_000, dueInMs: 12_000 }],
  ['interval of 30 s', { kind: 'timer', afterMs: 30_000, repeats: true }],
  ['file system request on /mnt/x (FSReqCallback)', { kind: 'file', path: '/mnt/x', label: 'FSReqCallback' }],
  ['DNS look-up of a.test', { kind: 'dns', host: 'a.test' }],
  ['PBKDF2Job', { kind: 'pool-request', label: 'PBKDF2Job', owner: 'PBKDF2Job' }],
  ['child process /bin/a, pid 7', { kind: 'child', file: '/bin/a', pid: 7 }],
  ['worker thread 3', { kind: 'worker', threadId: 3 }],
  ['BroadcastChannel orders', { kind: 'message-port', label: 'BroadcastChannel', name: 'orders' }],
  ['ReadStream of /a', { kind: 'stream', label: 'ReadStream', path: '/a' }],
  ['data from PassThrough', { kind: 'stream', data: true, owner: 'PassThrough' }],
  ['event ready of OrderBus', { kind: 'emitter', owner: 'OrderBus', event: 'ready' }],
  [
    'event end of PassThrough, which is closed',
    { kind: 'stream', owner: 'PassThrough', event: 'end', over: 'closed', hopeless: true },
  ],
  ['Mutex.waiters, a queue of user code', { kind: 'lock', owner: 'Mutex.waiters' }],
  [
    'Mutex.waiters, a queue of user code, which transfer can reach',
    { kind: 'lock', owner: 'Mutex.waiters', holders: [HOLDER] },
  ],
  ['deadlock: transfer bank.js:12 -> back to this wait', { kind: 'lock', links: [HOLDER] }],
  [
    'a queue that is used inside itself: transfer bank.js:12 holds a turn and ends only when this wait is over',
    { kind: 'lock', links: [HOLDER], reentrant: true },
  ],
  ['its turn in Pool._pendingQueue', { kind: 'pool', pool: POOL }],
  [
    'a socket of Agent for GET http://a/b, not yet sent',
    { kind: 'pool', pool: { ...POOL, owner: 'Agent.requests' }, method: 'GET', url: 'http://a/b', sent: false },
  ],
  ['its turn in Pool._pendingQueue, through transfer bank.js:12', { kind: 'pool', pool: POOL, through: [HOLDER] }],
  [
    'the connection of Redis (reconnecting)',
    { kind: 'buffer', until: 'connected', owner: 'Redis', connection: 'reconnecting' },
  ],
  ['a connection of Pool.q, which has none yet', { kind: 'buffer', until: 'first-connection', owner: 'Pool.q' }],
  [
    'a command kept in Redis.offlineQueue until there is a connection (end)',
    { kind: 'buffer', until: 'sent', owner: 'Redis.offlineQueue', connection: 'end' },
  ],
  [
    'the evaluation of a.mjs, which imports c.mjs (through b.mjs), which waits for this import itself',
    { kind: 'module', modules: ['a.mjs', 'b.mjs', 'c.mjs'] },
  ],
  ['another suspended function', { kind: 'await' }],
  ['the end of transfer bank.js:12', { kind: 'await', until: 'end', by: HOLDER }],
  ['settled by a suspended function, which is suspended itself', { kind: 'await', until: 'settled', by: null }],
  ['nothing alive can settle it: only its own callers hold its resolver', { kind: 'nothing', why: 'own-callers' }],
  ['no settler found', { kind: 'unknown', why: 'no-settler' }],
  ['its resolve function is held by module{costMeter} > Mutex.waiters', { kind: 'unknown', why: 'held', parts: QUEUE }],
  [
    'socket, which settles what module{costMeter} > Mutex.waiters holds',
    { kind: 'socket', byVariable: true, parts: QUEUE },
  ],
  ['NewThing', { kind: 'unknown', label: 'NewThing' }],
]

describe('what is said of a wait', () => {
  test.each(PHRASES)('%s', (phrase, facts) => {
    expect(sayWait(facts).summary).toBe(phrase)
  })

  test('has the path, the doubt and the deadlock as sentences beside the facts, which stay', () => {
    const facts: WaitFacts = { kind: 'lock', parts: QUEUE, unproved: 'end-likely', links: [HOLDER] }
    expect(sayWait(facts)).toEqual({
      ...facts,
      summary: expect.stringContaining('deadlock') as string,
      heldThrough: 'module{costMeter} > Mutex.waiters',
      doubt: expect.stringContaining('likely') as string,
      deadlock: ['transfer bank.js:12'],
    })
  })

  test('is the same when it is said again', () => {
    for (const [, facts] of PHRASES) expect(sayWait(sayWait(facts))).toEqual(sayWait(facts))
  })

  test('names the request of each member of a pool', () => {
    const members = [{ doing: 'unread', request: { ...HTTP, sent: true, answered: true }, count: 2 }] as const
    const said = sayWait({ kind: 'pool', pool: { ...POOL, members } })
    expect(said.pool?.members[0]).toMatchObject({ what: 'GET http://a/b, answer begun', count: 2 })
  })
})

test('every wait of a tree is put into words: of awaits, roots and tasks', () => {
  const place = { function: 'f', file: '/a.js', line: 1, column: 1 }
  const wait: WaitFacts = { kind: 'socket' }
  const leaf = { ...place, count: 1, awaiting: [], waitsFor: wait }
  const tree = sayWaits({
    engine: 'memory',
    awaits: [{ ...place, kind: 'async function', count: 1, awaitedBy: [], waitsFor: wait }],
    roots: [{ ...place, count: 1, awaiting: [leaf] }],
    suspended: 1,
    pausedMs: 0,
    notes: [],
    tasks: [{ taskId: 't', index: 0, execute: null, parked: [], waitsFor: wait }],
    unreadAnswers: [{ agent: 'Agent', unread: 1, sockets: 1, limit: null, request: { ...HTTP, answered: true } }],
  })
  expect(tree.awaits[0]?.waitsFor?.summary).toBe('socket')
  expect(tree.roots[0]?.awaiting[0]?.waitsFor?.summary).toBe('socket')
  expect(tree.tasks?.[0]?.waitsFor?.summary).toBe('socket')
  expect(tree.unreadAnswers?.[0]?.example).toBe('GET http://a/b, answer begun')
})
