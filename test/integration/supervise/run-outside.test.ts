/** What `run` sees that the agent inside can't, and what ends with it. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test, type TestContext } from 'vitest'
import { CLI, NODES } from '../../support/nodes.js'
import { SERVER, wedgeBy } from '../../support/plain-worker.js'
import { FAST } from '../../support/run-worker.js'
import { Supervised, SUPERVISED_WORKER as WORKER } from '../../support/supervised.js'

const NODE = process.execPath
const QUICK = ['--backoff-max', '0.05', '--drain', '2'] as const

type Finished = TestContext['onTestFinished']

function scratch(onTestFinished: Finished): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stall-outside-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function supervise(
  onTestFinished: Finished,
  args: readonly string[],
  env: Record<string, string> = {},
  node = NODE,
): Supervised {
  const run = new Supervised(node, args, env)
  onTestFinished(() => run.end())
  return run
}

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    // Gone meanwhile.
    return ''
  }
}

const FREEZER = '/sys/fs/cgroup/freezer'

function canFreeze(): boolean {
  try {
    accessSync(`${FREEZER}/cgroup.procs`, constants.W_OK)
    return true
  } catch {
    // No root, or version 2 only.
    return false
  }
}

async function thaw(group: string): Promise<void> {
  writeFileSync(`${group}/freezer.state`, 'THAWED')
  // Not while a process that ends is still in it.
  await eventually('an empty group', () => readFileSync(`${group}/cgroup.procs`, 'utf8') === '')
  rmdirSync(group)
}

/** A pid namespace of one's own, where `run` is pid 1. */
function canBePidOne(): boolean {
  return spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0
}

async function eventually(what: string, wanted: () => boolean, limitMs = 30_000): Promise<void> {
  const deadline = performance.now() + limitMs
  while (!wanted()) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('a worker that is stopped is captured from its memory, ended and started again', async ({ onTestFinished }) => {
  const dir = scratch(onTestFinished)
  const args = [...QUICK, '--outside-timeout', '3', '--dir', dir, '--', NODE, WORKER, 'drain', '0']
  const run = supervise(onTestFinished, args)
  await run.until('ready', () => run.ready() !== undefined)
  process.kill(Number(run.ready()?.['pid']), 'SIGSTOP')
  await run.until('the next worker', () => run.all('started').length === 2, 90_000)
  const [trouble] = run.all('trouble')
  expect(trouble).toMatchObject({ kind: 'stopped', problem: null, verdict: expect.any(String) as string })
  expect(existsSync(path.join(String(trouble?.bundle), 'incident.json'))).toBe(true)
  expect(run.all('ended')[0]).toMatchObject({
    signal: 'SIGKILL',
    exitCode: 70,
    watchdog: { incident: trouble?.incident },
  })
})

test('a worker that has lost its agent is captured, drained and started again', async ({ onTestFinished }) => {
  const dir = scratch(onTestFinished)
  const args = [...QUICK, '--outside-timeout', '3', '--dir', dir, '--', NODE, WORKER, 'bereft']
  const run = supervise(onTestFinished, args)
  await run.until('ready', () => run.ready() !== undefined)
  await run.until('its agent was seen', () => run.all('watched').length > 0, 60_000)
  run.child.stdin?.write('now\n')
  await run.until('the next worker', () => run.all('started').length === 2, 90_000)
  expect(run.all('trouble')[0]).toMatchObject({ kind: 'agent-gone', problem: null })
  // Its main thread still turns: it is asked to end, not killed.
  expect(run.all('ended')[0]).toMatchObject({ signal: 'SIGTERM', exitCode: 70 })
})

test.skipIf(!canFreeze())(
  'a worker whose control group is frozen is captured and replaced',
  async ({ onTestFinished }) => {
    const dir = scratch(onTestFinished)
    const args = [...QUICK, '--outside-timeout', '3', '--dir', dir, '--', NODE, WORKER, 'drain', '0']
    const run = supervise(onTestFinished, args)
    await run.until('ready', () => run.ready() !== undefined)
    const group = `${FREEZER}/stall-test-${process.pid}`
    mkdirSync(group)
    onTestFinished(() => thaw(group))
    writeFileSync(`${group}/cgroup.procs`, String(run.ready()?.['pid']))
    writeFileSync(`${group}/freezer.state`, 'FROZEN')
    await run.until('trouble', () => run.all('trouble').length > 0, 90_000)
    expect(run.all('trouble')[0]).toMatchObject({ kind: 'frozen', problem: null })
    // Version 1 keeps a frozen process from dying of SIGKILL until it is thawed.
    writeFileSync(`${group}/freezer.state`, 'THAWED')
    await run.until('the next worker', () => run.all('started').length === 2, 60_000)
    expect(run.all('ended')[0]).toMatchObject({ signal: 'SIGKILL', exitCode: 70 })
  },
)

test('one that is stopped for less than that is left alone', async ({ onTestFinished }) => {
  const args = [...QUICK, '--outside-timeout', '20', '--dir', scratch(onTestFinished), '--', NODE, WORKER, 'drain', '7']
  const run = supervise(onTestFinished, args)
  await run.until('ready', () => run.ready() !== undefined)
  const pid = Number(run.ready()?.['pid'])
  process.kill(pid, 'SIGSTOP')
  await eventually('stopped', () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') T'))
  process.kill(pid, 'SIGCONT')
  run.child.kill('SIGTERM')
  expect(await run.exit).toEqual([7, null])
  expect(run.all('trouble')).toEqual([])
})

test('a worker that neither polls nor listens in time makes room for the next', async ({ onTestFinished }) => {
  const args = [...QUICK, '--ready-timeout', '3', '--dir', scratch(onTestFinished), '--', NODE, WORKER, 'drain', '0']
  const run = supervise(onTestFinished, args)
  await run.until('the next worker', () => run.all('started').length === 2, 90_000)
  expect(run.all('trouble')[0]).toMatchObject({ kind: 'not-ready' })
  expect(run.all('draining')[0]).toMatchObject({ signal: 'SIGTERM' })
})

test('a shell that started it is gone: the worker drains, and nothing stays', async ({ onTestFinished }) => {
  const folder = scratch(onTestFinished)
  const log = path.join(folder, 'log')
  // Not `exec`: as npx does it, the shell stays between.
  const command = `"${NODE}" "${CLI}" run --dir "${folder}" -- "${NODE}" "${WORKER}" drain 3 2>"${log}" >"${log}.out"; true`
  const shell = spawn('/bin/sh', ['-c', command], { stdio: 'ignore', detached: true })
  const gone = once(shell, 'exit')
  const worker = (): number => Number(/"event":"started","pid":(\d+)/.exec(readFileSync(log, 'utf8'))?.[1] ?? 0)
  await eventually('ready', () => existsSync(`${log}.out`) && readFileSync(`${log}.out`, 'utf8').includes('ready'))
  const pid = worker()
  expect(isAlive(pid)).toBe(true)
  shell.kill('SIGKILL')
  await gone
  await eventually('the worker is gone', () => !isAlive(pid))
  await eventually('told', () => readFileSync(log, 'utf8').includes('"event":"stopped","exitCode":3'))
  expect(readFileSync(log, 'utf8')).toContain('"event":"parent-gone"')
})

test('npm that started it is gone: the worker drains too', async ({ onTestFinished }) => {
  const folder = scratch(onTestFinished)
  const log = path.join(folder, 'log')
  const start = `"${NODE}" "${CLI}" run --dir "${folder}" -- "${NODE}" "${WORKER}" drain 3 2>"${log}" >"${log}.out"`
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, scripts: { start } }))
  const npm = spawn('npm', ['start'], { cwd: folder, stdio: 'ignore', detached: true })
  const gone = once(npm, 'exit')
  await eventually('ready', () => existsSync(`${log}.out`) && readFileSync(`${log}.out`, 'utf8').includes('ready'))
  const pid = Number(/"event":"started","pid":(\d+)/.exec(readFileSync(log, 'utf8'))?.[1])
  npm.kill('SIGTERM')
  await gone
  await eventually('the worker is gone', () => !isAlive(pid))
  await eventually('told', () => readFileSync(log, 'utf8').includes('"event":"stopped","exitCode":3'))
})

test.skipIf(!canBePidOne())('as pid 1 it leaves no zombie of what workers leave behind', async ({ onTestFinished }) => {
  const folder = scratch(onTestFinished)
  const inside = ['--pid', '--fork', '--kill-child', '--mount-proc', NODE, CLI, 'run', '--json', '--dir', folder]
  const child = spawn('unshare', [...inside, '--', NODE, WORKER, 'orphans', '4'], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => void (said += String(text)))
  await eventually('ready', () => said.includes('"ready":true'))
  // Seen from here: unshare's child is `run`, and `run`'s child is the worker.
  const [run = 0] = childrenOf(child.pid ?? 0)
  const worker = (): number => childrenOf(run).find((pid) => commandOf(pid).includes('orphans')) ?? 0
  await eventually('the worker', () => worker() > 0)
  process.kill(worker(), 'SIGUSR2')
  await eventually('a process was left behind', () => said.includes('"left":'))
  await eventually(
    'nothing is a zombie',
    () =>
      childrenOf(run).every((pid) => isAlive(pid)) &&
      !childrenOf(run).some((pid) => commandOf(pid).startsWith('sleep')),
  )
  process.kill(run, 'SIGTERM')
  await once(child, 'exit')
  expect(said).toContain('"event":"stopped","exitCode":4')
  expect(said).not.toContain('no-reaper')
})

test('several side by side: each is named, each ends, and one failure is the exit code', async ({ onTestFinished }) => {
  const args = [...QUICK, '--workers', '3', '--', NODE, WORKER, 'drain', '4']
  const run = supervise(onTestFinished, args)
  await run.until('three', () => run.lines.filter((line) => line['ready'] === true).length === 3)
  // What the workers say and what the supervisor says come by two pipes.
  await run.until('three named', () => run.all('started').length === 3)
  expect(new Set(run.all('started').map(({ worker }) => worker))).toEqual(new Set([1, 2, 3]))
  run.child.kill('SIGTERM')
  expect(await run.exit).toEqual([4, null])
  expect(run.all('ended')).toHaveLength(3)
})

test('with --on-failure a worker that ends with 0 is done, any other is started again', async ({ onTestFinished }) => {
  const ended = async (code: string): Promise<Supervised> => {
    const args = [...QUICK, '--on-failure', '--max-restarts', '1', '--', NODE, WORKER, 'exit', code]
    const run = supervise(onTestFinished, args)
    await run.exit
    return run
  }
  expect((await ended('0')).all('started')).toHaveLength(1)
  expect((await ended('9')).all('started')).toHaveLength(2)
})

test('settings of the file reach the worker, and wrong keys are told', async ({ onTestFinished }) => {
  const folder = scratch(onTestFinished)
  const file = path.join(folder, 'stall.yaml')
  writeFileSync(
    file,
    `poll_stall_timeout_seconds: 3\nwarn_seconds: 1\ndir: ${folder}/bundles\nprofile_seconds: 0\nwran: 3\n`,
  )
  const run = supervise(onTestFinished, [...QUICK, '--no-restart', '--', NODE, WORKER, 'wedge'], {
    CONDUCTOR_STALL_CONFIG: file,
  })
  expect(await run.exit).toEqual([70, null])
  expect(run.all('setting')[0]?.warning).toContain('wran')
  expect(run.all('ended')[0]?.watchdog?.bundle).toContain(`${folder}/bundles`)
})

describe.concurrent.each([...NODES.slice(0, 1), ...NODES.slice(-1)])('a plain HTTP worker on Node $major', (node) => {
  test('that computes for ever is ended, told to --on-incident, and started again', async ({ onTestFinished }) => {
    const folder = scratch(onTestFinished)
    const told = path.join(folder, 'told')
    const args = [...QUICK, '--dir', folder, '--on-incident', `cat >> ${told}`, '--', node.path, SERVER, 'http', 'loop']
    const run = supervise(onTestFinished, args, { ...FAST, TEST_FOLDER: folder }, node.path)
    const port = (): number => Number(/"ready (\d+)/.exec(JSON.stringify(run.lines.at(-1) ?? {}))?.[1] ?? 0)
    await run.until('it serves', () => port() > 0)
    wedgeBy(port())
    await run.until('the next worker', () => run.all('started').length === 2, 100_000)
    const [ended] = run.all('ended')
    expect(ended).toMatchObject({ code: 70, exitCode: 70 })
    expect(readdirSync(folder)).toContain(ended?.watchdog?.incident)
    await eventually(
      'told',
      () => existsSync(told) && readFileSync(told, 'utf8').includes(String(ended?.watchdog?.incident)),
    )
  })
})
