import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStderrSink } from '../../../src/log/stderr-sink.js'

let folder: string
const open: number[] = []

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stderr-sink-'))
})
afterEach(() => {
  for (const fd of open.splice(0)) closeSync(fd)
  rmSync(folder, { recursive: true, force: true })
})

function fifo(): { reader: number; writer: number } {
  const name = path.join(folder, 'fifo')
  execFileSync('mkfifo', [name])
  const reader = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK)
  // A blocking writer, as a worker's own stderr is.
  const writer = openSync(name, constants.O_WRONLY)
  open.push(reader, writer)
  return { reader, writer }
}

function drain(reader: number): string {
  const buffer = Buffer.alloc(1 << 20)
  let text = ''
  for (;;) {
    try {
      const length = readSync(reader, buffer)
      if (length === 0) return text
      text += buffer.toString('utf8', 0, length)
    } catch (error) {
      expect(error).toMatchObject({ code: 'EAGAIN' })
      return text
    }
  }
}

test('drops and counts instead of blocking when the pipe is full, and goes on when it is read again', () => {
  const { reader, writer } = fifo()
  const sink = openStderrSink({ fd: writer })
  let taken = 0
  while (sink.write(`${'x'.repeat(5000)} ${taken}\n`)) taken += 1
  expect(sink.dropped).toBe(1)
  expect(sink.unavailable).toBeNull()
  const before = drain(reader)
  expect(sink.write('after\n')).toBe(true)
  const all = before + drain(reader)
  const lines = all.split('\n').slice(0, -1)
  // No torn line: each is whole, and in order.
  expect(lines).toEqual([...Array.from({ length: taken }, (_, i) => `${'x'.repeat(5000)} ${i}`), 'after'])
  sink.dispose()
})

test('leaves the blocking mode of the descriptor it stands in for alone', () => {
  const { writer } = fifo()
  const sink = openStderrSink({ fd: writer })
  const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${writer}`, 'utf8'))?.[1]
  expect(parseInt(flags ?? '', 8) & constants.O_NONBLOCK).toBe(0)
  sink.dispose()
})

test('shares the offset of a regular file with the worker, so that no line overwrites another', () => {
  const name = path.join(folder, 'log')
  const fd = openSync(name, 'w')
  open.push(fd)
  const sink = openStderrSink({ fd })
  writeSync(fd, 'worker 1\n')
  sink.write('agent 1\n')
  writeSync(fd, 'worker 2\n')
  sink.write('agent 2\n')
  expect(readFileSync(name, 'utf8')).toBe('worker 1\nagent 1\nworker 2\nagent 2\n')
})

test('writes to no other file that was opened in its place', () => {
  const fd = openSync(path.join(folder, 'log'), 'w')
  const sink = openStderrSink({ fd })
  closeSync(fd)
  const other = openSync(path.join(folder, 'data'), 'w')
  open.push(other)
  expect(other).toBe(fd)
  expect(sink.write('line\n')).toBe(false)
  expect(readFileSync(path.join(folder, 'data'), 'utf8')).toBe('')
  expect(sink.unavailable).toMatch(/no longer the same file/)
})

test('says that a closed descriptor and a pipe without a reader are unavailable', () => {
  const { reader, writer } = fifo()
  const sink = openStderrSink({ fd: writer })
  closeSync(reader)
  open.splice(open.indexOf(reader), 1)
  expect(sink.write('line\n')).toBe(false)
  expect(sink.unavailable).toMatch(/EPIPE/)
  expect(openStderrSink({ fd: 9999 }).unavailable).toMatch(/EBADF/)
})

test('says that a socket is unavailable, unless it is given a send that does not block', async () => {
  const file = path.join(folder, 'socket')
  const received: Buffer[] = []
  const server = net.createServer((socket) => socket.on('data', (data) => received.push(data)))
  await new Promise<void>((resolve) => server.listen(file, resolve))
  const client = net.connect(file)
  await new Promise((resolve) => client.once('connect', resolve))
  const { fd } = (client as unknown as { _handle: { fd: number } })._handle
  const sink = openStderrSink({ fd })
  expect(sink.unavailable).toMatch(/socket/)
  expect(sink.write('line\n')).toBe(false)
  const sent: string[] = []
  const sending = openStderrSink({ fd, send: (_, bytes) => sent.push(Buffer.from(bytes).toString()) * bytes.length })
  expect(sending.write('line\n')).toBe(true)
  expect(sent).toEqual(['line\n'])
  client.destroy()
  server.close()
})

test('a process whose stderr is closed can open the sink and lives on', () => {
  const script = `
    const { openStderrSink } = require(${JSON.stringify(path.resolve(__dirname, '../../../dist/log/stderr-sink.js'))})
    const sink = openStderrSink(); sink.write('x\\n'); process.stdout.write('alive')`
  const result = spawnSync('sh', ['-c', 'exec "$0" -e "$1" 2>&-', process.execPath, script], { encoding: 'utf8' })
  expect(result.stdout).toBe('alive')
  expect(result.status).toBe(0)
})

test('a child of Node, whose stderr is a socket, is told so', async () => {
  const script = `
    const { openStderrSink } = require(${JSON.stringify(path.resolve(__dirname, '../../../dist/log/stderr-sink.js'))})
    process.stdout.write(String(openStderrSink().unavailable))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  child.stdout.on('data', (data: Buffer) => (text += data.toString()))
  await new Promise((resolve) => child.once('close', resolve))
  expect(text).toMatch(/socket/)
})
