/**
 * The control socket with somebody hostile at its other end: an agent whose answers are damaged, and a client that sends
 * damaged requests. Same corpus and seeds as fuzz.test.ts; `npm run fuzz` goes on for longer.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StallError } from '../../../src/model/stall-error.js'
import { connectToAgent } from '../../../src/platform/control/client.js'
import { startControlServer } from '../../../src/platform/control/server.js'
import { readStat } from '../../../src/platform/procfs/stat.js'
import { agentStatus } from '../../support/agent-status.cjs'
import { temporaryFolder } from '../../support/incidents.js'
import { mutate, randomOf } from './mutate.js'

const CORPUS = path.resolve(__dirname, '../../fixtures/fuzz')
const SEED = Number(process.env['STALL_FUZZ_SEED'] ?? 20_261_129)
const MINUTES = Number(process.env['STALL_FUZZ_MINUTES'] ?? 0)
const ROUNDS = 150
const LIMIT_MS = 300_000 + MINUTES * 60_000

let temporary: { readonly path: string; remove(): void }
const closing: (() => void)[] = []
beforeEach(() => {
  temporary = temporaryFolder('control-live')
})
afterEach(() => {
  for (const close of closing.splice(0)) close()
  temporary.remove()
})

async function everyRound(round: (random: (below: number) => number, at: number) => Promise<void>): Promise<void> {
  const random = randomOf(SEED)
  const until = performance.now() + MINUTES * 10_000
  for (let at = 0; at < ROUNDS || performance.now() < until; at++) await round(random, at)
}

/** Where a client looks for the agent of this process, as the kernel knows its environment. */
function ownSocket(): string {
  const folder = `/tmp/conductor-stall-agent-${process.geteuid?.()}`
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return path.join(folder, `${process.pid}.sock`)
}

const STATUS = agentStatus(readStat('/proc/self').startTicks)

test(
  'takes whatever an agent answers as an answer, or as one error of ours',
  async () => {
    const corpus = readFileSync(path.join(CORPUS, 'control-replies.ndjson'))
    let answer: Buffer = corpus
    const file = ownSocket()
    rmSync(file, { force: true })
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined)
      let asked = 0
      socket.on('data', () => {
        // The first is decent, so that the second is asked.
        if (asked++ === 0) socket.write(`${JSON.stringify({ v: 1, id: 1, type: 'result', result: STATUS })}\n`)
        else socket.end(Buffer.concat([answer, Buffer.from('\n')]))
      })
    })
    await new Promise<void>((resolve) => server.listen(file, resolve))
    closing.push(() => server.close())
    let refused = 0
    await everyRound(async (random, at) => {
      answer = at === 0 ? corpus : mutate(corpus, random)
      const client = await connectToAgent(process.pid, 30_000)
      const result = await client?.capture({ reason: 'fuzz' }, { timeoutMs: 30_000 }).catch((thrown: unknown) => thrown)
      client?.dispose()
      if (result instanceof Error) {
        refused++
        expect(result, `seed ${SEED}, round ${at}: ${answer.toString('base64')}`).toBeInstanceOf(StallError)
        expect((result as StallError).code, `seed ${SEED}, round ${at}`).not.toBe('ERR_STALL_INTERNAL')
      } else {
        expect(result).toMatchObject({ incident: expect.any(String), path: expect.any(String) })
      }
      if (at === 0) expect(result).toMatchObject({ verdict: 'computing' })
    })
    expect(refused).toBeGreaterThan(0)
  },
  LIMIT_MS,
)

test.each([
  ['nothing for a status', null],
  ['a status without clocks', { ...STATUS, clocks: undefined }],
  ['a clock that is a number', { ...STATUS, clocks: [7] }],
  ['a clock without an age', { ...STATUS, clocks: [{ name: 'a', kind: 'poll-loop', beats: 1 }] }],
  ['a million clocks', { ...STATUS, clocks: Array(100_000).fill(0) }],
  ['an object for a name', { ...STATUS, service: { toString: null } }],
])('refuses an agent that answers with %s', async (_what, status) => {
  const file = ownSocket()
  rmSync(file, { force: true })
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write(`${JSON.stringify({ v: 1, id: 1, type: 'result', result: status })}\n`))
  })
  await new Promise<void>((resolve) => server.listen(file, resolve))
  closing.push(() => server.close())
  await expect(connectToAgent(process.pid, 30_000)).rejects.toMatchObject({ code: 'ERR_STALL_CONTROL_UNAVAILABLE' })
})

/** Until the other side hangs up, or answers. */
function speak(file: string, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(file)
    let answer = ''
    socket.on('data', (data: Buffer) => (answer += data.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
    socket.end(bytes)
  })
}

test(
  'answers whatever a client sends with lines of the protocol, and the next client as ever',
  async () => {
    const corpus = readFileSync(path.join(CORPUS, 'control-requests.ndjson'))
    const server = await startControlServer({
      env: { XDG_RUNTIME_DIR: temporary.path },
      handlers: {
        status: () => STATUS as never,
        capture: () => Promise.resolve({ incident: '01M89Y8W2SZNJ1QQQFK1RR4MS8', path: '/x', verdict: null }),
      },
    })
    closing.push(() => server.dispose())
    await everyRound(async (random, at) => {
      const sent = mutate(corpus, random)
      for (const line of (await speak(server.path, sent)).split('\n').filter(Boolean)) {
        expect(JSON.parse(line), `seed ${SEED}, round ${at}: ${sent.toString('base64')}`).toMatchObject({
          v: 1,
          type: expect.stringMatching(/^(?:result|error|progress)$/),
        })
      }
      if (at % 50 !== 0) return
      const good = await speak(server.path, Buffer.from('{"v":1,"id":1,"method":"status"}\n'))
      expect(JSON.parse(good)).toMatchObject({ type: 'result', result: { pid: process.pid } })
    })
  },
  LIMIT_MS,
)
