/** A process that listens where its debug port would be, and speaks the inspector's protocol as badly as it can. */
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { findEndpoint } from '../../src/inspector/connection/find-endpoint.js'
import { connectToSocket } from '../../src/inspector/connection/socket-connection.js'
import { attachDebugger } from '../../src/inspector/stack/pause.js'
import { StallError } from '../../src/model/stall-error.js'
import { runCli } from '../support/cli.js'
import { freePort } from '../support/free-port.js'
import { PROGRAMS } from '../support/nodes.js'

const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await gone
  }
})

async function start(manner: string, burn: boolean): Promise<{ pid: number; port: number }> {
  const port = await freePort()
  const program = path.join(PROGRAMS, 'hostile/inspector.cjs')
  const args = [`--inspect-port=${port}`, program, String(port), manner, burn ? 'burn' : 'idle']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
  return { pid: child.pid ?? 0, port }
}

/** Each thing that is asked of an inspector, as far as this one lets us come. */
async function useAll(port: number, waitMs: number): Promise<void> {
  const soon = (): number => performance.now() + waitMs
  const connected = performance.now() + 20_000
  const connection = await connectToSocket(await findEndpoint(port, connected), connected)
  try {
    await connection.send('Runtime.evaluate', { expression: 'process.pid' }, soon())
    const debuggee = await attachDebugger(connection, soon())
    await debuggee.whilePaused(soon(), () => Promise.resolve())
    await connection.send('Profiler.stop', undefined, soon())
  } finally {
    connection.disconnect()
  }
}

test.each<[manner: string, message: RegExp, waitMs?: number]>([
  ['no JSON', /not valid JSON/],
  ['a bare null', /not an object/],
  ['an event called error', /no answer/, 1500],
  ['events without parameters', /malformed/],
  ['frames of the wrong type', /malformed/],
  ['answers out of order', /no answer/, 1500],
  ['bytes instead of text', /bytes/],
  ['an error of the wrong type', /no reason/],
  ['a frame of an exabyte', /closed/],
  ['a frame that never ends', /closed/],
  ['pauses without end', /ended|closed|no answer|no JavaScript/, 5000],
  ['fragments without end', /closed/],
  ['a list without end', /too long|in time/],
  ['a redirect', /opens no web socket/],
])(
  'an inspector with %s gets one error of ours',
  async (manner, message, waitMs = 20_000) => {
    const { port } = await start(manner, false)
    const failed = await useAll(port, waitMs).catch((thrown: unknown) => thrown)
    expect(failed).toBeInstanceOf(StallError)
    expect((failed as StallError).code).toMatch(/^ERR_STALL_INSPECTOR_/)
    expect((failed as StallError).message).toMatch(message)
  },
  60_000,
)

test('a decent one is found, however little time is left', async () => {
  const { port } = await start('decent', false)
  for (const leftMs of [9999.873_855, 5000.5, 20_000]) {
    expect(await findEndpoint(port, performance.now() + leftMs)).toBe(`ws://127.0.0.1:${port}/x`)
  }
}, 60_000)

test('dump says in one line what is wrong with such an inspector, and ends', async () => {
  const { pid } = await start('no JSON', true)
  const { code, stdout, stderr } = await runCli(['dump', String(pid), '--engine', 'inspector'])
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/^\s+at /m) })
  // A crowded machine may leave no time for it; then that is said.
  expect(stdout).toMatch(
    /no inspector: it sends text that is not valid JSON|ERR_STALL_(?:NOT_REACHED|INSPECTOR_TIMEOUT)/,
  )
}, 60_000)
