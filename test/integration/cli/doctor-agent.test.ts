/** `doctor PID` of a process with the agent, and of one without. */
import { spawn, spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import type { Check } from '../../../src/model/check.js'
import { CLI, NODES } from '../../support/nodes.js'
import { startPlain } from '../../support/plain-worker.js'
import type { RunningWorker } from '../../support/run-worker.js'

const newest = NODES.at(-1)
if (!newest) throw new Error('no Node')

function doctor(
  worker: RunningWorker,
  ...flags: string[]
): { readonly status: number | null; readonly checks: Check[] } {
  const args = [CLI, 'doctor', '--json', ...flags, String(worker.child.pid)]
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
  return { status, checks: (JSON.parse(stdout) as { findings: Check[] }).findings }
}

it('tells whether an agent is inside, and what that says of itself', async () => {
  const watched = await startPlain(newest, 'http', null)
  await watched.says('"event":"watching"')
  const bare = await startPlain(newest, 'http', null, { preload: 'none' })
  const [one, other] = [doctor(watched), doctor(bare, '--check')]
  for (const worker of [watched, bare]) worker.child.kill('SIGKILL')
  await Promise.all([watched.result, bare.result])
  const subjects = one.checks.map(({ subject }) => subject)
  expect(subjects).toEqual(
    expect.arrayContaining(['agent', 'clock', 'thresholds', 'bundles', 'exit code 70', 'last incident']),
  )
  expect(one.checks.find(({ subject }) => subject === 'bundles')?.text).toBe(watched.dir)
  expect(one.checks.find(({ subject }) => subject === 'agent')).toMatchObject({ verdict: 'ok' })
  expect(other.checks.find(({ subject }) => subject === 'agent')).toMatchObject({ verdict: 'warn' })
  expect(other.checks.filter(({ verdict }) => verdict === 'ok')).toEqual([])
  expect(other.status).toBe(1)
})

it('--check ends with the codes that docs/deploy.md tells, and is silent where all is well', async () => {
  const check = (pid: number | undefined): { status: number | null; stdout: string } => {
    const args = [CLI, 'doctor', '--check', String(pid)]
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })
    return { status, stdout }
  }
  const gone = spawnSync('true')
  const sleeper = spawn('sleep', ['60'], { stdio: 'ignore' })
  const watched = await startPlain(newest, 'http', null)
  try {
    await watched.says('"event":"watching"')
    expect([check(gone.pid).status, check(sleeper.pid).status]).toEqual([66, 1])
    expect(check(watched.child.pid)).toEqual({ status: 0, stdout: '' })
  } finally {
    sleeper.kill('SIGKILL')
    watched.child.kill('SIGKILL')
    await watched.result
  }
})
