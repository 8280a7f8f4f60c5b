/** Pools whose members are all lent, of real clients: who has them, or where those that nobody has any more are taken. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Verdict } from '../../src/model/verdict.js'
import { NODES, PROGRAMS, PROJECT_ROOT, type NodeBinary } from '../support/nodes.js'
import { HAS_POSTGRES, startPostgres, type Postgres } from '../support/postgres.js'
import { verdictsOfProgram } from '../support/verdicts.js'

const FOLDER = path.join(PROJECT_ROOT, 'test/clients')
const LENDING = path.join(PROGRAMS, 'lending')
const LOST = 'nothing alive has but the pool'

let postgres: Postgres | null = null
let servers: ChildProcess
let ports: { readonly mysql: number; readonly mongodb: number; readonly grpc: number; readonly http: number }

beforeAll(async () => {
  if (HAS_POSTGRES) postgres = await startPostgres()
  servers = spawn(process.execPath, [path.join(LENDING, 'servers.mjs'), FOLDER], { stdio: ['pipe', 'pipe', 'ignore'] })
  if (servers.stdout === null) throw new Error('no output')
  const [data] = (await once(servers.stdout, 'data')) as [Buffer]
  ports = JSON.parse(data.toString()) as typeof ports
})

afterAll(async () => {
  servers.kill()
  await postgres?.stop()
})

const OF_POSTGRES = ['pg', 'pg-esm', 'knex', 'sequelize', 'slonik', 'typeorm']

function addressOf(library: string): string {
  if (OF_POSTGRES.includes(library)) return postgres?.url ?? ''
  if (library === 'mongodb') return String(ports.mongodb)
  if (library === 'grpc') return String(ports.grpc)
  return String(library.startsWith('mysql2') ? ports.mysql : ports.http)
}

/** `held.cjs:10`: where the mark stands. */
function at(library: string, file: string, mark: string): string {
  const name = `${file}.${library.endsWith('-esm') ? 'mjs' : 'cjs'}`
  const lines = readFileSync(path.join(LENDING, library, name), 'utf8').split('\n')
  return `${name}:${lines.findIndex((line) => line.includes(mark)) + 1}`
}

/**
 * Room for all that such a program allocates. undici takes back the sockets of a `Response` that the garbage collector
 * finds, so the first collection would end this wedge.
 */
const NO_COLLECTION = '--min-semi-space-size=64'

const verdictsOf = (node: NodeBinary, library: string, mode: string) =>
  verdictsOfProgram(
    node,
    path.join(LENDING, 'run.cjs'),
    [library, mode, FOLDER, addressOf(library)],
    library === 'undici-fetch' && mode === 'return' ? [NO_COLLECTION] : [],
  )

/** Words that the pool's verdict must have, or (`not`) must not. */
interface Expected {
  readonly mode: string
  readonly says: (library: string) => readonly string[]
  readonly not: readonly string[]
}

const HELD: Expected = {
  mode: 'held',
  says: (library) => [`lent to settle (${at(library, 'held', '@held')})`, 'which awaits event approved'],
  not: [LOST, 'left without'],
}
const RETURNED: Expected = {
  mode: 'return',
  says: (library) => [
    LOST,
    `reserve (${at(library, 'return', '@taken')}) takes such ones`,
    `by the return there (${at(library, 'return', '@left')})`,
  ],
  not: ['lent to', 'held by', 'one of'],
}
const KEPT: Expected = {
  mode: 'kept',
  says: (library) => ['held by sessions', at(library, 'kept', '@declared')],
  not: [LOST, 'left without'],
}

const OF_PG: readonly Expected[] = [
  HELD,
  RETURNED,
  KEPT,
  {
    mode: 'throw',
    says: () => [LOST, `charge (${at('pg', 'throw', '@taken')})`, `the throw there (${at('pg', 'throw', '@left')})`],
    not: ['lent to', 'one of'],
  },
  {
    mode: 'two',
    says: () => [`one of reserve (${at('pg', 'two', '@one')}), refund (${at('pg', 'two', '@other')})`],
    not: ['of these only', 'takes such ones'],
  },
  {
    mode: 'handed',
    says: () => [`reserve (${at('pg', 'handed', '@taken')}) takes such ones`],
    not: ['checkOut', 'one of'],
  },
  {
    mode: 'loop',
    says: () => [`sweep (${at('pg', 'loop', '@taken')}) takes such ones`, 'by the continue there'],
    not: ['lent to', 'held by'],
  },
  { mode: 'field', says: () => ['held by baskets (Basket.#client'], not: [LOST] },
  {
    mode: 'timer',
    says: () => [`held by a callback of a timer, later (${at('pg', 'timer', '@closure')})`],
    not: [LOST],
  },
  {
    mode: 'listener',
    says: () => [`held by a callback of EventEmitter, onClosed (${at('pg', 'listener', '@closure')})`],
    not: [LOST],
  },
  {
    mode: 'slow',
    says: () => [
      `at work for audit (${at('pg', 'slow', '@held')})`,
      `at work for count (${at('pg', 'slow', '@replied')})`,
    ],
    not: [LOST, 'left without', 'idling'],
  },
]

/** What is wrong with the pool's verdict; empty when it is right. */
function faults(library: string, { says, not }: Expected, verdicts: readonly Verdict[]): string[] {
  const said = verdicts.find(({ cause }) => cause === 'pool-exhausted')?.summary ?? 'no such verdict'
  return [
    ...says(library).flatMap((words) => (said.includes(words) ? [] : [`${words}: ${said}`])),
    ...not.flatMap((words) => (said.includes(words) ? [`not ${words}: ${said}`] : [])),
  ]
}

const OF_CALLBACKS: readonly Expected[] = [
  KEPT,
  {
    mode: 'timer',
    says: (library) => [`held by a callback of a timer, later (${at(library, 'timer', '@closure')})`],
    not: [LOST],
  },
  {
    mode: 'return',
    // What hands on to a promise may lose one too: its text does not tell.
    says: (library) => [LOST, 'one of', `reserve (${at(library, 'return', '@taken')})`],
    not: ['takes such ones', 'lent to'],
  },
]

const OF_AGENT: readonly Expected[] = [
  HELD,
  {
    mode: 'return',
    says: (library) => [LOST, `isThere (${at(library, 'return', '@taken')}) asks for such ones and never reads one`],
    not: ['lent to', 'held by', 'one of'],
  },
  {
    mode: 'kept',
    says: (library) => ['held by downloads', at(library, 'kept', '@declared')],
    not: [LOST],
  },
]

/** Of a driver that lists what it lends with its client: who has the client has none of them yet. */
const OF_MONGODB: readonly Expected[] = [
  HELD,
  KEPT,
  {
    mode: 'session',
    says: () => [`lent to settle (${at('mongodb', 'session', '@held')})`, 'which awaits event approved'],
    not: [LOST],
  },
  { mode: 'return', says: () => ['2 of 2 lent, 0 idle, 1 queued', LOST], not: ['lent to', 'held by'] },
  { mode: 'slow', says: () => [`audit (${at('mongodb', 'slow', '@held')})`], not: [LOST] },
]

const OF_TYPEORM: readonly Expected[] = [
  HELD,
  KEPT,
  RETURNED,
  {
    mode: 'transaction',
    says: () => [`lent to settle (${at('typeorm', 'transaction', '@taken')})`, 'which awaits event approved'],
    not: [LOST],
  },
]

/** Streams of a session, as many as the server allows: who asks for one more is not sent, and looks like one who is. */
const OF_GRPC: readonly Expected[] = [
  {
    ...HELD,
    says: () => [
      'which is not sent yet: 2 of 2 lent, 0 idle, 1 queued',
      `lent to settle (${at('grpc', 'held', '@held')})`,
    ],
  },
  KEPT,
  {
    mode: 'return',
    says: () => [LOST, 'left without ending them', `reserve (${at('grpc', 'return', '@taken')}) opens such ones`],
    not: ['lent to', 'held by', 'one of'],
  },
  {
    mode: 'unanswered',
    says: () => ['/talk.Talk/Say, no answer', `at work for audit (${at('grpc', 'unanswered', '@held')})`],
    not: [LOST],
  },
]

/** Of a package that keeps its pool in variables of a function, and lends for the length of a call. */
const OF_SLONIK: readonly Expected[] = [
  {
    mode: 'held',
    says: () => ['createConnectionPool.waitingClients): 2 of 2 lent, 0 idle, 1 queued', 'lent to '],
    not: [LOST, 'perhaps it was not even sent'],
  },
]

const OF_UNDICI: readonly Expected[] = OF_AGENT.map((expected) => ({
  ...expected,
  says: (library) => [
    ...expected.says(library),
    'for GET',
    '/quick, which is not sent yet: 2 of 2 lent, 0 idle, 1 queued',
    'answer begun with an answer that nobody reads',
  ],
}))

const CASES = Object.entries({
  pg: OF_PG,
  'pg-esm': [HELD, RETURNED, KEPT],
  mysql2: [HELD, RETURNED, KEPT],
  'mysql2-callback': OF_CALLBACKS,
  'generic-pool': [HELD, RETURNED, KEPT],
  'lightning-pool': [HELD, RETURNED, KEPT],
  slonik: OF_SLONIK,
  knex: [HELD, RETURNED, KEPT],
  sequelize: [HELD, RETURNED, KEPT],
  agent: OF_AGENT,
  undici: OF_UNDICI,
  'undici-fetch': OF_UNDICI,
  typeorm: OF_TYPEORM,
  mongodb: OF_MONGODB,
  grpc: OF_GRPC,
})
  .filter(([library]) => HAS_POSTGRES || !OF_POSTGRES.includes(library))
  .flatMap(([library, list]) => list.map((expected) => ({ library, expected, mode: expected.mode })))
const BUSY = [
  'pg',
  'mysql2',
  'generic-pool',
  'lightning-pool',
  'slonik',
  'knex',
  'sequelize',
  'agent',
  'undici',
  'undici-fetch',
  'typeorm',
  'mongodb',
  'grpc',
].filter((library) => HAS_POSTGRES || !OF_POSTGRES.includes(library))

describe.each(NODES)('an exhausted pool on Node $major', (node) => {
  it.each(CASES)('is told with who has its members: $library, $mode', async ({ library, expected }) => {
    let wrong: string[] = []
    // A look that a garbage collection overtakes reads less.
    for (let look = 0; look < 3 && (look === 0 || wrong.length > 0); look++)
      wrong = faults(library, expected, await verdictsOf(node, library, expected.mode))
    expect(wrong).toEqual([])
  })

  it.each(BUSY)('is no leak while it is busy and gives back: %s', async (library) => {
    const verdicts = await verdictsOf(node, library, 'busy')
    expect(verdicts.filter(({ summary }) => summary.includes(LOST))).toEqual([])
    const [first] = verdicts
    expect(first?.kind === 'awaiting' && first.confidence !== 'low').toBe(false)
  })
})
