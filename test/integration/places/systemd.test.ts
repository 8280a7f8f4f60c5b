/** What systemd hears from a worker, at a real NOTIFY_SOCKET. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, type TestContext } from 'vitest'
import { NODES, PROJECT_ROOT } from '../../support/nodes.js'
import { portOf, SERVER, wedgeBy } from '../../support/plain-worker.js'
import { RunningWorker } from '../../support/run-worker.js'

const HAS_PYTHON = spawnSync('python3', ['--version']).status === 0
const newest = NODES.at(-1)
if (!newest) throw new Error('no Node')

class Systemd {
  readonly heard: string[] = []

  static async listen(onTestFinished: TestContext['onTestFinished'], socket: string): Promise<Systemd> {
    const systemd = new Systemd()
    const program = path.join(PROJECT_ROOT, 'test/support/notify-socket.py')
    const child = spawn('python3', [program, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    createInterface({ input: child.stdout }).on('line', (line) => systemd.heard.push(JSON.parse(line) as string))
    await systemd.until('bound', () => systemd.heard.includes('bound'))
    return systemd
  }

  get words(): string[] {
    return this.heard.flatMap((datagram) => datagram.split('\n'))
  }

  async until(what: string, wanted: () => boolean): Promise<void> {
    const deadline = performance.now() + 60_000
    while (!wanted()) {
      if (performance.now() > deadline) throw new Error(`not within 60 s: ${what}; heard ${this.heard.join(' | ')}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/** systemd names the process that it expects to hear: only a shell knows that pid before. */
function underSystemd(socket: string, watchdogPid: string, env: Record<string, string> = {}): RunningWorker {
  return new RunningWorker({
    node: newest as (typeof NODES)[number],
    program: SERVER,
    args: ['http', 'loop'],
    wrap: ['/bin/sh', '-c', `WATCHDOG_PID=${watchdogPid} exec "$@"`, 'sh'],
    env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1500000', CONDUCTOR_STALL_SYSTEMD_NOTIFY: 'true', ...env },
  })
}

function scratch(onTestFinished: TestContext['onTestFinished']): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stall-notify-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe.skipIf(!HAS_PYTHON).concurrent('systemd (the socket is held by python3)', () => {
  it.for(['file', 'abstract'])(
    'hears of readiness once, of life until the end: %s',
    async (kind, { onTestFinished }) => {
      const folder = scratch(onTestFinished)
      const socket = kind === 'file' ? path.join(folder, 'notify') : `@${path.basename(folder)}`
      const systemd = await Systemd.listen(onTestFinished, socket)
      const worker = underSystemd(socket, '$$')
      const port = await portOf(worker)
      await systemd.until('READY', () => systemd.words.includes('READY=1'))
      wedgeBy(port)
      await systemd.until('STATUS', () =>
        systemd.words.some((word) => word.startsWith('STATUS=event-loop has not turned')),
      )
      const before = systemd.words.length
      expect(await worker.result).toMatchObject({ code: 70 })
      // While its evidence was collected too: systemd's own watchdog would have killed it after 1.5 s.
      expect(systemd.words.slice(before - 1)).toContain('WATCHDOG=1')
      expect(systemd.words.filter((word) => word === 'READY=1')).toHaveLength(1)
    },
  )

  it('hears nothing of a process that it does not expect to hear, nor unless that is asked for', async ({
    onTestFinished,
  }) => {
    const socket = path.join(scratch(onTestFinished), 'notify')
    const systemd = await Systemd.listen(onTestFinished, socket)
    const workers = [underSystemd(socket, '1'), underSystemd(socket, '$$', { CONDUCTOR_STALL_SYSTEMD_NOTIFY: '' })]
    await Promise.all(workers.map((worker) => worker.says('"event":"watching"')))
    for (const worker of workers) worker.child.kill('SIGKILL')
    await Promise.all(workers.map((worker) => worker.result))
    expect(systemd.heard).toEqual(['bound'])
  })
})
