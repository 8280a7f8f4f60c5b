import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import net from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StallError } from '../../../../src/model/stall-error.js'
import { connectToAgent } from '../../../../src/platform/control/client.js'
import { createLineSplitter } from '../../../../src/platform/control/lines.js'
import { prepareNativeCalls } from '../../../../src/agent/shared/native-exit.js'
import type { ControlStatus } from '../../../../src/platform/control/protocol.js'
import {
  startControlServer,
  type ControlHandlers,
  type ControlServer,
} from '../../../../src/platform/control/server.js'
import { controlFolders, prepareSocketPath } from '../../../../src/platform/control/socket-place.js'
import { readStat } from '../../../../src/platform/procfs/stat.js'
import { temporaryFolder } from '../../../support/incidents.js'

const UID = process.geteuid?.() ?? 0
let temporary: { readonly path: string; remove(): void }
const servers: ControlServer[] = []

const STATUS: ControlStatus = {
  pid: process.pid,
  startTicks: readStat('/proc/self').startTicks,
  node: process.version,
  agent: '0.1.0',
  service: 'invoices',
  version: null,
  state: 'watching',
  clocks: [],
  lastIncident: null,
  stallTimeoutMs: 300_000,
  warnMs: 45_000,
  droppedLogLines: 0,
  logUnavailable: null,
}

const HANDLERS: ControlHandlers = {
  status: () => STATUS,
  capture: (command, progress) => {
    progress({ step: 'kernel', message: 'reading' })
    progress({ step: 'seal', message: command.reason })
    return Promise.resolve({ incident: '01M89Y8W2SZNJ1QQQFK1RR4MS8', path: '/x', verdict: 'computing' })
  },
}

async function serve(handlers: Partial<ControlHandlers> = {}): Promise<ControlServer> {
  const env = { XDG_RUNTIME_DIR: temporary.path }
  const server = await startControlServer({ env, handlers: { ...HANDLERS, ...handlers } })
  servers.push(server)
  return server
}

/** What comes back for a raw line. */
function speak(file: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(file)
    let answer = ''
    socket.on('data', (data: Buffer) => {
      answer += data.toString()
      if (answer.includes('\n')) socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
    socket.write(text)
  })
}

beforeEach(() => {
  temporary = temporaryFolder('control')
})
afterEach(() => {
  for (const server of servers.splice(0)) server.dispose()
  temporary.remove()
})

/** Where a client looks: it reads the environment that this process was started with. */
async function serveInTmp(handlers: Partial<ControlHandlers> = {}): Promise<ControlServer> {
  const server = await startControlServer({ env: {}, handlers: { ...HANDLERS, ...handlers } })
  servers.push(server)
  return server
}

test('makes a private folder and socket under XDG_RUNTIME_DIR, and removes the socket at the end', async () => {
  const server = await serve()
  expect(server.path).toBe(path.join(temporary.path, `conductor-stall-agent/${process.pid}.sock`))
  expect(statSync(path.dirname(server.path)).mode & 0o777).toBe(0o700)
  expect(statSync(server.path).mode & 0o777).toBe(0o600)
  server.dispose()
  await expect.poll(() => existsSync(server.path)).toBe(false)
})

test('answers status and capture to a client that found it through /proc', async () => {
  await serveInTmp()
  const client = await connectToAgent(process.pid)
  expect(client?.status).toEqual(STATUS)
  const steps: string[] = []
  const result = await client?.capture(
    { reason: 'by hand' },
    { timeoutMs: 5000, onProgress: (progress) => steps.push(`${progress.step}: ${progress.message}`) },
  )
  expect(result).toEqual({ incident: '01M89Y8W2SZNJ1QQQFK1RR4MS8', path: '/x', verdict: 'computing' })
  expect(steps).toEqual(['kernel: reading', 'seal: by hand'])
  client?.dispose()
})

test("hands on the agent's own error with code and help", async () => {
  const capture = () =>
    Promise.reject(new StallError('ERR_STALL_CAPTURE_RATE_LIMITED', '6 this hour', { help: 'wait' }))
  await serveInTmp({ capture })
  const client = await connectToAgent(process.pid)
  await expect(client?.capture({ reason: '' }, { timeoutMs: 5000 })).rejects.toMatchObject({
    code: 'ERR_STALL_CAPTURE_RATE_LIMITED',
    help: 'wait',
  })
  client?.dispose()
})

test('gives up at its deadline when the agent is silent, and tells the agent that it has gone', async () => {
  const left = new Promise<void>((resolve) => {
    void serveInTmp({
      capture: (_command, _progress, signal) => {
        signal.addEventListener('abort', () => resolve())
        return new Promise(() => undefined)
      },
    })
  })
  await expect.poll(() => servers.length).toBe(1)
  const client = await connectToAgent(process.pid)
  await expect(client?.capture({ reason: '' }, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'ERR_STALL_TIMEOUT' })
  client?.dispose()
  await left
})

test('says so when the agent goes away in the middle', async () => {
  const server = await serveInTmp({ capture: () => new Promise(() => undefined) })
  const client = await connectToAgent(process.pid)
  const pending = client?.capture({ reason: '' }, { timeoutMs: 5000 })
  server.dispose()
  await expect(pending).rejects.toMatchObject({ code: 'ERR_STALL_CONTROL_UNAVAILABLE' })
})

test('takes no answer from another process than the one that was meant', async () => {
  await serveInTmp({ status: () => ({ ...STATUS, startTicks: 1 }) })
  await expect(connectToAgent(process.pid)).rejects.toMatchObject({ code: 'ERR_STALL_PROCESS_CHANGED' })
})

test('finds no agent where there is none, where the socket is stale, and where the folder is open to others', async () => {
  expect(await connectToAgent(process.ppid)).toBeNull()
  const server = await serveInTmp()
  const folder = path.dirname(server.path)
  chmodSync(folder, 0o755)
  try {
    expect(await connectToAgent(process.pid)).toBeNull()
  } finally {
    chmodSync(folder, 0o700)
  }
  await expect(connectToAgent(2 ** 30)).rejects.toMatchObject({ code: 'ERR_STALL_NO_SUCH_PROCESS' })
})

test('is served by a thread while the main thread is blocked, and lets the process end by itself', async () => {
  const program = path.resolve(__dirname, '../../../fixtures/programs/control/blocked-main.cjs')
  const env = { PATH: process.env['PATH'] }
  const child = spawn(process.execPath, [program, path.resolve(__dirname, '../../../../build')], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const client = await connectToAgent(child.pid ?? 0)
  expect(client?.status).toMatchObject({ pid: child.pid, node: process.version })
  client?.dispose()
  expect(child.exitCode).toBeNull()
  child.stdin.end()
  expect(await closed).toBe(0)
})

/** A socket file that nobody listens on, as a killed process leaves it. */
async function leaveStale(file: string): Promise<void> {
  const elsewhere = `${file}.tmp`
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(elsewhere, resolve))
  const { linkSync } = await import('node:fs')
  linkSync(elsewhere, file)
  await new Promise((resolve) => server.close(resolve))
}

test('replaces a stale socket of its own name and removes those of others', async () => {
  const folder = path.join(temporary.path, 'conductor-stall-agent')
  mkdirSync(folder, { mode: 0o700 })
  await leaveStale(path.join(folder, `${process.pid}.sock`))
  await leaveStale(path.join(folder, '999999.sock'))
  writeFileSync(path.join(folder, 'notes.txt'), '')
  const server = await serve()
  expect(await speak(server.path, '{"v":1,"id":1,"method":"status"}\n')).toContain('"result"')
  await expect.poll(() => readdirSync(folder).sort()).toEqual([`${process.pid}.sock`, 'notes.txt'].sort())
})

test('leaves a socket alone that a living process answers', async () => {
  await serve()
  await expect(serve()).rejects.toMatchObject({ code: 'ERR_STALL_CONTROL_UNAVAILABLE' })
  expect(await speak(servers[0]?.path ?? '', '{"v":1,"id":1,"method":"status"}\n')).toContain('"result"')
})

test.each([
  ['no JSON', 'hello\n', 'ERR_STALL_USAGE'],
  ['another version', '{"v":2,"id":7,"method":"status"}\n', 'ERR_STALL_USAGE'],
  ['an unknown method', '{"v":1,"id":7,"method":"eval"}\n', 'ERR_STALL_USAGE'],
  ['no object', '12\n', 'ERR_STALL_USAGE'],
])('answers %s with an error', async (_what, line, code) => {
  const server = await serve()
  expect(JSON.parse(await speak(server.path, line))).toMatchObject({ v: 1, type: 'error', error: { code } })
})

test('hangs up on a line without end', async () => {
  const server = await serve()
  expect(await speak(server.path, 'x'.repeat(100_000))).toBe('')
})

test('hangs up on a peer of another user, where the peer can be told', async () => {
  const env = { XDG_RUNTIME_DIR: temporary.path }
  const server = await startControlServer({ env, handlers: HANDLERS, peerUid: () => UID + 1 })
  servers.push(server)
  expect(await speak(server.path, '{"v":1,"id":1,"method":"status"}\n')).toBe('')
})

test('asks the kernel who is at the other end', async () => {
  const file = path.join(temporary.path, 'peer.sock')
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(file, resolve))
  const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve))
  const client = net.connect(file)
  const socket = await accepted
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle
  const native = prepareNativeCalls()
  if (native === 'busy' || 'no' in native) throw new Error(JSON.stringify(native))
  expect(native.peerUser(fd)).toBe(UID)
  expect(native.peerUser(9999)).toBeNull()
  client.destroy()
  socket.destroy()
  server.close()
})

test('uses /tmp where XDG_RUNTIME_DIR is relative, too long or not usable', () => {
  expect(controlFolders({ XDG_RUNTIME_DIR: 'here' }, 7)).toEqual(['/tmp/conductor-stall-agent-7'])
  const long = path.join(temporary.path, 'x'.repeat(120))
  mkdirSync(long)
  const file = path.join(temporary.path, 'file')
  writeFileSync(file, '')
  for (const runtime of [long, file, '/proc']) {
    expect(prepareSocketPath({ XDG_RUNTIME_DIR: runtime }, UID, 1)).toBe(`/tmp/conductor-stall-agent-${UID}/1.sock`)
  }
})

test('cuts a stream into lines and refuses one that is too long', () => {
  const splitter = createLineSplitter(10)
  expect(splitter.push(Buffer.from('ab'))).toEqual([])
  expect(splitter.push(Buffer.from('c\nd\n\ne'))).toEqual(['abc', 'd', ''])
  expect(splitter.push(Buffer.from('x'.repeat(20)))).toBeNull()
  expect(splitter.push(Buffer.from('\n'))).toBeNull()
})
