import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test, type TestContext } from 'vitest'
import { CLI, NODES } from '../../support/nodes.js'
import { Supervised, SUPERVISED_WORKER as WORKER } from '../../support/supervised.js'

const NODE = process.execPath
const QUICK = ['--backoff-max', '0.05'] as const

type Finished = TestContext['onTestFinished']

function supervise(
  onTestFinished: Finished,
  args: readonly string[],
  env: Record<string, string> = {},
  node: string = NODE,
): Supervised {
  const supervised = new Supervised(node, args, env)
  onTestFinished(() => supervised.end())
  return supervised
}

function scratch(onTestFinished: Finished): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'stall-run-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The state letter of /proc/PID/stat; null when there is no such process. */
function stateOf(pid: unknown): string | null {
  try {
    return readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(') ')[1]?.[0] ?? null
  } catch {
    return null
  }
}

const gone = (pid: unknown): boolean => [null, 'Z', 'X'].includes(stateOf(pid))

describe.concurrent.each(NODES)('Node $major', (node) => {
  test('restarts after any exit, and preloads the agent, on this line', async ({ onTestFinished }) => {
    const args = [...QUICK, '--max-restarts', '1', '--', node.path, WORKER, 'exit', '0']
    const run = supervise(onTestFinished, args, {}, node.path)
    expect(await run.exit).toEqual([0, null])
    expect(run.events.map((event) => event.event)).toEqual([
      'started',
      'ended',
      'restarting',
      'started',
      'ended',
      'gave-up',
    ])
    for (const n of [0, 1]) expect(run.ready(n)).toMatchObject({ version: node.version, agent: true })
    expect(run.ready(1)?.['pid']).not.toBe(run.ready(0)?.['pid'])
  })
})

describe.concurrent('conductor-diag run', () => {
  test('reports exit codes and signals, and ends with the last one', async ({ onTestFinished }) => {
    const run = supervise(onTestFinished, ['--no-restart', '--', NODE, WORKER, 'exit', '42'])
    expect(await run.exit).toEqual([42, null])
    expect(run.all('ended')[0]).toMatchObject({ code: 42, signal: null, exitCode: 42, watchdog: null })

    const killed = supervise(onTestFinished, ['--no-restart', '--', NODE, WORKER, 'drain', '0'])
    await killed.until('ready', () => killed.ready() !== undefined)
    process.kill(Number(killed.ready()?.['pid']), 'SIGKILL')
    expect(await killed.exit).toEqual([137, null])
    expect(killed.all('ended')[0]).toMatchObject({ code: null, signal: 'SIGKILL', exitCode: 137 })
  })

  test('drains on SIGTERM, without a restart', async ({ onTestFinished }) => {
    const run = supervise(onTestFinished, ['--', NODE, WORKER, 'drain', '3'])
    await run.until('ready', () => run.ready() !== undefined)
    run.child.kill('SIGTERM')
    expect(await run.exit).toEqual([3, null])
    expect(run.events.map((event) => event.event)).toEqual(['started', 'draining', 'ended', 'stopped'])
  })

  test('kills a stubborn worker on the second SIGTERM, and when its time is over', async ({ onTestFinished }) => {
    const run = supervise(onTestFinished, ['--', NODE, WORKER, 'stubborn'])
    await run.until('ready', () => run.ready() !== undefined)
    run.child.kill('SIGTERM')
    await run.until('it heard the first', () => run.lines.some((line) => line['got'] === 'SIGTERM'))
    run.child.kill('SIGTERM')
    expect(await run.exit).toEqual([137, null])
    expect(run.all('killing')[0]?.why).toBe('second signal')

    const late = supervise(onTestFinished, ['--drain', '0.3', '--', NODE, WORKER, 'stubborn'])
    await late.until('ready', () => late.ready() !== undefined)
    late.child.kill('SIGINT')
    // SIGINT has its default effect on a worker that does not listen.
    expect(await late.exit).toEqual([130, null])

    const deadline = supervise(onTestFinished, ['--drain', '0.3', '--', NODE, WORKER, 'stubborn'])
    await deadline.until('ready', () => deadline.ready() !== undefined)
    deadline.child.kill('SIGTERM')
    expect(await deadline.exit).toEqual([137, null])
    expect(deadline.all('killing')[0]?.why).toBe('deadline over')
  })

  test('ends what a dead worker left behind before it starts the next', async ({ onTestFinished }) => {
    const run = supervise(onTestFinished, [...QUICK, '--', NODE, WORKER, 'parent'])
    await run.until('ready', () => run.ready() !== undefined)
    const { pid, child } = run.ready() ?? {}
    expect(gone(child)).toBe(false)
    process.kill(Number(pid), 'SIGKILL')
    await run.until('the next one', () => run.ready(1) !== undefined)
    expect(gone(child)).toBe(true)
    expect(run.all('left-behind')[0]).toMatchObject({ pid, signal: 'SIGTERM' })
  })

  test('leaves no worker and no child of it when it is killed itself', async ({ onTestFinished }) => {
    const run = supervise(onTestFinished, ['--', NODE, WORKER, 'parent'])
    await run.until('ready', () => run.ready() !== undefined)
    const { pid, child } = run.ready() ?? {}
    run.child.kill('SIGKILL')
    await run.until('the worker is gone', () => gone(pid))
    await run.until('its child is gone', () => gone(child))
  })

  test('dismisses its guard with the worker', async ({ onTestFinished }) => {
    const run = supervise(onTestFinished, ['--no-restart', '--', NODE, WORKER, 'drain', '0'])
    await run.until('ready', () => run.ready() !== undefined)
    const guards = (): string[] =>
      execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.endsWith(` conductor-diag-guard ${String(run.ready()?.['pid'])}`))
    expect(guards()).toHaveLength(1)
    run.child.kill('SIGTERM')
    await run.exit
    await run.until('no guard', () => guards().length === 0)
  })

  test('passes stdin, stdout and other signals through', async ({ onTestFinished }) => {
    const echo = supervise(onTestFinished, ['--no-restart', '--', NODE, WORKER, 'echo'])
    echo.child.stdin?.end('through\n')
    expect(await echo.exit).toEqual([0, null])
    expect(echo.lines).toContainEqual({ text: 'through' })

    const run = supervise(onTestFinished, ['--', NODE, WORKER, 'signals'])
    await run.until('ready', () => run.ready() !== undefined)
    run.child.kill('SIGUSR2')
    await run.until('it got the signal', () => run.lines.some((line) => line['got'] === 'SIGUSR2'))
  })

  test('stops and continues the worker with itself', async ({ onTestFinished }) => {
    const run = supervise(onTestFinished, ['--', NODE, WORKER, 'drain', '0'])
    await run.until('ready', () => run.ready() !== undefined)
    const pid = run.ready()?.['pid']
    run.child.kill('SIGTSTP')
    await run.until('both stopped', () => stateOf(pid) === 'T' && stateOf(run.pid) === 'T')
    run.child.kill('SIGCONT')
    await run.until('both run', () => stateOf(pid) !== 'T' && stateOf(run.pid) !== 'T')
  })

  test('leaves the options of the user as they are, also behind a shell', async ({ onTestFinished }) => {
    const env = { NODE_OPTIONS: '--no-warnings' }
    const node = supervise(onTestFinished, ['--no-restart', '--', NODE, '--trace-exit', WORKER, 'exit', '0'], env)
    expect((await node.exit)[0]).toBe(0)
    expect(node.ready()).toMatchObject({ agent: true })
    expect(node.ready()?.['nodeOptions']).toMatch(/^--no-warnings --require /)
    expect(node.ready()?.['execArgv']).toEqual(expect.arrayContaining(['--trace-exit', '--require']))

    const script = `"${NODE}" "${WORKER}" exit 5; exit $?`
    const shell = supervise(onTestFinished, ['--no-restart', '--', 'sh', '-c', script], env)
    expect((await shell.exit)[0]).toBe(5)
    expect(shell.ready()).toMatchObject({ agent: true, execArgv: [] })
  })

  test('drains a worker behind npm', async ({ onTestFinished }) => {
    const folder = scratch(onTestFinished)
    const manifest = { name: 'x', version: '1.0.0', scripts: { start: `node "${WORKER}" drain 0` } }
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest))
    const run = supervise(onTestFinished, ['--', 'npm', '--prefix', folder, 'start'])
    await run.until('ready', () => run.ready() !== undefined)
    expect(run.ready()).toMatchObject({ agent: true })
    run.child.kill('SIGTERM')
    await run.exit
    await run.until('nothing is left', () => gone(run.ready()?.['pid']))
  })

  test('tells the incident of a worker that the watchdog ended, also behind a shell', async ({ onTestFinished }) => {
    const dir = scratch(onTestFinished)
    const settings = {
      CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '3',
      CONDUCTOR_STALL_WARN_SECONDS: '1',
      CONDUCTOR_STALL_PROFILE_SECONDS: '0.2',
    }
    const script = `"${NODE}" "${WORKER}" wedge; exit 9`
    const run = supervise(onTestFinished, ['--no-restart', '--dir', dir, '--', 'sh', '-c', script], settings)
    expect(await run.exit).toEqual([70, null])
    const ended = run.all('ended')[0]
    expect(ended).toMatchObject({ code: 9, exitCode: 70 })
    expect(ended?.watchdog?.bundle).toContain(dir)
    expect(existsSync(path.join(ended?.watchdog?.bundle ?? '', 'incident.json'))).toBe(true)
    expect(ended?.watchdog?.place).toMatch(/^wedged \(.*worker\.cjs:\d+\)$/)
  })

  test('works on while nobody reads its stderr', async ({ onTestFinished }) => {
    const fifo = path.join(scratch(onTestFinished), 'stderr')
    execFileSync('mkfifo', [fifo])
    // Both ends, so that neither opening nor reading it is up to anybody else.
    const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
    onTestFinished(() => closeSync(fd))
    try {
      for (;;) writeSync(fd, Buffer.alloc(4096, 'x'))
    } catch (full) {
      expect((full as NodeJS.ErrnoException).code).toBe('EAGAIN')
    }
    const args = [CLI, 'run', ...QUICK, '--max-restarts', '3', '--', NODE, '-e', '']
    const child = spawn(NODE, args, { stdio: ['ignore', 'ignore', fd] })
    onTestFinished(() => void child.kill('SIGKILL'))
    expect((await once(child, 'exit'))[0]).toBe(0)
  })

  test('says what is wrong with its own use, with exit code 64', async ({ onTestFinished }) => {
    for (const args of [[], ['--', 'no-such-command-anywhere'], ['--max-restarts', 'x', '--', NODE]]) {
      const run = supervise(onTestFinished, args)
      expect(await run.exit).toEqual([64, null])
    }
  })
})
