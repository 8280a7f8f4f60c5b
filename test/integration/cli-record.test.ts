/** `record` and `doctor` as people run them: the built command line on real processes. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Profile } from 'pprof-format'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLI, NODES, PROGRAMS } from '../support/nodes.js'

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

function cli(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], { timeout: 60_000 }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, out, err })
    })
  })
}

let folder: string
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'stall-record-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it.each(NODES)('samples the worker threads too, each by itself, on Node $major', async (node) => {
  const child = spawn(node.path, [path.join(PROGRAMS, 'two-threads.cjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(child.stdout, 'data')
    const file = path.join(folder, `threads-${node.major}.txt`)
    const ran = await cli('record', String(child.pid), '-d', '2', '-f', 'collapsed', '-o', file)
    expect(ran.code, ran.err).toBe(0)
    const lines = readFileSync(file, 'utf8').split('\n')
    const main = lines.filter((line) => line.startsWith('main_thread;'))
    const worker = lines.filter((line) => /^worker_thread_\d+;/.test(line))
    expect(main.join('\n')).toContain('mainLoop')
    expect(main.join('\n')).not.toContain('workerLoop')
    expect(worker.join('\n')).toContain('workerLoop')
    expect(worker.join('\n')).not.toContain('mainLoop')
  } finally {
    child.kill('SIGKILL')
  }
})

describe.each(NODES)('Node $version', (node) => {
  let child: ChildProcess
  beforeAll(async () => {
    child = spawn(node.path, [path.join(PROGRAMS, 'truth-busy.cjs')], { env: {}, stdio: ['ignore', 'pipe', 'ignore'] })
    if (child.stdout === null) throw new Error('no output')
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    expect(said.toString().trim()).toBe(node.version)
  })
  afterAll(() => {
    child.kill('SIGKILL')
  })

  it('records collapsed stacks of a running process from memory', async () => {
    const file = path.join(folder, `${node.major}.txt`)
    const ran = await cli('record', String(child.pid), '-d', '1', '-f', 'collapsed', '-o', file)
    expect(ran.code, ran.err).toBe(0)
    expect(ran.err).toMatch(/\d+ samples.* by memory\. Feed it/)
    expect(readFileSync(file, 'utf8')).toMatch(/main(_\(probable\))?@\/.*truth-busy\.cjs;round(_\(probable\))?@/)
  })

  it('records pprof, and says at the end what was hottest', async () => {
    const file = path.join(folder, `${node.major}.pb.gz`)
    const ran = await cli('record', String(child.pid), '-d', '1', '-f', 'pprof', '-o', file)
    expect(ran.code, ran.err).toBe(0)
    expect(ran.err).toMatch(/^ +\d.* % {2}\S+ \(.*truth-busy\.cjs\)$/m)
    const { stringTable } = Profile.decode(gunzipSync(readFileSync(file)))
    expect(stringTable.strings.some((text) => /^round( \(probable\))?$/.test(text))).toBe(true)
  })

  it('says of a process that only waits which command tells for what, and of a busy one nothing of the kind', async () => {
    const idle = spawn(node.path, ['-e', 'setInterval(() => {}, 1e6); console.log(1)'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      if (idle.stdout === null) throw new Error('no output')
      await once(idle.stdout, 'data')
      const file = path.join(folder, `idle-${node.major}.txt`)
      const ran = await cli('record', String(idle.pid), '-d', '1', '-f', 'collapsed', '-o', file)
      expect(ran.err).toMatch(
        new RegExp(`100 % {2}\\(idle\\)\\n +it waits; for what: conductor-diag dump ${idle.pid}, or`),
      )
      const busy = await cli('record', String(child.pid), '-d', '1', '-f', 'collapsed', '-o', file)
      expect(busy.err).not.toContain('it waits')
    } finally {
      idle.kill('SIGKILL')
    }
  })

  it('says by doctor that the process can be looked at', async () => {
    const ran = await cli('doctor', String(child.pid), '--json')
    expect(ran.code, ran.out).toBe(0)
    const { findings } = JSON.parse(ran.out) as { findings: { subject: string; verdict: string }[] }
    const verdicts = new Map(findings.map(({ subject, verdict }) => [subject, verdict]))
    expect(['process', 'memory', 'layout', 'isolates'].map((subject) => verdicts.get(subject))).toEqual(
      Array.from({ length: 4 }, () => 'ok'),
    )
  })

  it('starts a program, records it and ends with it', async () => {
    const file = path.join(folder, `started-${node.major}.cpuprofile`)
    const busy = path.join(PROGRAMS, 'truth-busy.cjs')
    const ran = await cli('record', '-d', '0.5', '-o', file, '--', node.path, busy)
    expect(ran.code, ran.err).toBe(0)
    const profile = JSON.parse(readFileSync(file, 'utf8')) as { samples: number[]; timeDeltas: number[] }
    expect(profile.samples.length).toBeGreaterThan(0)
    expect(profile.samples).toHaveLength(profile.timeDeltas.length)
    expect(profile.timeDeltas.reduce((sum, delta) => sum + delta, 0)).toBeLessThan(600_000)
  })

  it('writes nothing but the profile to stdout with -o -, and keeps to the clock', async () => {
    const busy = path.join(PROGRAMS, 'truth-busy.cjs')
    const ran = await cli('record', '-d', '0.5', '-o', '-', '--json', '--', node.path, busy)
    expect(ran.code, ran.err).toBe(0)
    const profile = JSON.parse(ran.out) as { samples: number[] }
    const line = ran.err.split('\n').find((text) => text.startsWith('{"schema"')) ?? ''
    const closing = JSON.parse(line) as { samples: number; missed: number; file: string }
    expect(closing).toMatchObject({ file: '-', samples: profile.samples.length })
    // Half a second at 100 Hz: each turn was taken, or is counted as missed.
    expect(closing.samples + closing.missed).toBeGreaterThanOrEqual(45)
    expect(closing.samples + closing.missed).toBeLessThanOrEqual(51)
    expect(existsSync('-')).toBe(false)
  })
})

it.each([
  ['record without anything', ['record'], 64],
  ['a number that is no pid', ['record', '0'], 64],
  ['a program that is not there', ['record', '--', '/nope/x'], 64],
  ['a process that does not exist', ['record', '999999999'], 66],
  ['a profile into a folder that is not there', ['record', String(process.pid), '-o', '/nope/x'], 64],
  ['a pid that is none, for doctor', ['doctor', 'abc'], 64],
  ['a process that does not exist, for doctor', ['doctor', '999999999'], 66],
])('refuses %s with its own exit code', async (_what, args, code) => {
  const ran = await cli(...args)
  expect(ran.code, ran.err).toBe(code)
  if (args[0] === 'record') expect(ran.err).toMatch(/^conductor-diag: .*\n {2}\S/)
})
