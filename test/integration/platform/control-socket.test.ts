/** The control socket across namespaces: found by a reader outside, as `conductor-diag` on the host finds a container's. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { connectToAgent } from '../../../src/platform/control/client.js'
import { temporaryFolder } from '../../support/incidents.js'
import { NODES, PROJECT_ROOT } from '../../support/nodes.js'

const PROGRAM = path.join(PROJECT_ROOT, 'test/fixtures/programs/control/blocked-main.cjs')
const namespaces = spawnSync('unshare', ['-m', '-p', '--fork', 'true']).status === 0

/** Pid of the only child, as this side numbers it. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
}

function firstOutput(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('close', (code) => reject(new Error(`ended with ${code} before it said anything`)))
  })
}

test.skipIf(!namespaces).each(NODES)(
  'is found in a container of its own pids and its own /tmp, on Node $major',
  async ({ path: node, version }) => {
    // The project may lie below /tmp itself: it is reached by another way then.
    const inside = 'mount --bind "$0" /mnt && mount -t tmpfs none /tmp && exec "/mnt/$1" "/mnt/$2" /mnt/build 60000'
    const args = [
      '-m',
      '-p',
      '--fork',
      '--mount-proc',
      'sh',
      '-c',
      inside,
      PROJECT_ROOT,
      path.relative(PROJECT_ROOT, node),
      path.relative(PROJECT_ROOT, PROGRAM),
    ]
    const child = spawn('unshare', args, { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit'] })
    const closed = new Promise((resolve) => child.once('close', resolve))
    await firstOutput(child)
    const pid = childOf(child.pid ?? 0)
    const client = await connectToAgent(pid)
    // It calls itself 1, and this side another number.
    expect(client?.status).toMatchObject({ pid: 1, node: version })
    expect(pid).not.toBe(1)
    expect(existsSync(`/tmp/conductor-stall-agent-${process.geteuid?.()}/1.sock`)).toBe(false)
    client?.dispose()
    process.kill(pid, 'SIGKILL')
    await closed
  },
)

test.skipIf(!namespaces)('is found where its path is too long to be named from outside', async () => {
  const temporary = temporaryFolder('control-long')
  // 107 bytes at most inside; more with /proc/PID/root before it.
  const runtime = path.join(
    temporary.path,
    'x'.repeat(107 - temporary.path.length - '//conductor-stall-agent/1234567.sock'.length),
  )
  const inside = 'mount -t tmpfs none "$3" && mkdir "$4" && exec "$0" "$1" "$2" 60000'
  const args = [
    '-m',
    'sh',
    '-c',
    inside,
    process.execPath,
    PROGRAM,
    path.join(PROJECT_ROOT, 'build'),
    temporary.path,
    runtime,
  ]
  const env = { PATH: process.env['PATH'], XDG_RUNTIME_DIR: runtime }
  const child = spawn('unshare', args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = new Promise((resolve) => child.once('close', resolve))
  try {
    await firstOutput(child)
    expect(`/proc/${child.pid}/root${runtime}/conductor-stall-agent/${child.pid}.sock`.length).toBeGreaterThan(107)
    const client = await connectToAgent(child.pid ?? 0)
    expect(client?.status).toMatchObject({ pid: child.pid })
    client?.dispose()
  } finally {
    child.kill('SIGKILL')
    await closed
    temporary.remove()
  }
})
