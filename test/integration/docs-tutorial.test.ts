/** The tutorial, followed to the letter: its file, its commands as they stand, and what it says that they say. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../support/incidents.js'
import { CLI, PROJECT_ROOT } from '../support/nodes.js'

const TEXT = readFileSync(path.join(PROJECT_ROOT, 'docs/tutorial.md'), 'utf8')
const blocks = (language: string): string[] =>
  [...TEXT.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text)
const [install = '', supervised = '', read = '', ask = ''] = blocks('sh')
const [worker = ''] = blocks('js')

const temporary = temporaryFolder('tutorial')
const env = { PATH: process.env['PATH'], HOME: temporary.path, NO_COLOR: '1' }

beforeAll(() => {
  // What `npm install` of the published package makes.
  mkdirSync(path.join(temporary.path, 'node_modules/.bin'), { recursive: true })
  symlinkSync(PROJECT_ROOT, path.join(temporary.path, 'node_modules/conductor-stall-agent'))
  symlinkSync(CLI, path.join(temporary.path, 'node_modules/.bin/conductor-diag'))
  writeFileSync(path.join(temporary.path, 'worker.js'), worker)
})
afterAll(() => temporary.remove())

async function type(lines: string): Promise<{ stdout: string; stderr: string }> {
  return await promisify(execFile)('bash', ['-c', lines], { cwd: temporary.path, env, timeout: 120_000 })
}

const LINE = worker.split('\n').findIndex((line) => line.includes('await fetch')) + 1

test('has four steps, the first of which installs the package', () => {
  expect(install).toMatch(/^npm install conductor-stall-agent$/m)
  expect([supervised, read, ask].filter((text) => text === '')).toEqual([])
  expect(LINE).toBeGreaterThan(0)
})

test('a worker that gets stuck is named twice, ended with 70, and its incident is shown', async () => {
  // One restart is allowed, and the next end is the supervisor's own.
  const run = spawn('bash', ['-c', supervised], { cwd: temporary.path, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [run.stdout, run.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(run, 'close')) as [number | null]
  expect(code, said).toBe(70)
  const told = said.split('\n').filter((line) => line.includes(`awaiting/http-response at chargeCard`))
  expect(told.length, said).toBeGreaterThan(1)
  expect(told[0]).toMatch(new RegExp(`worker\\.js:${LINE}\\b`))

  const { stdout } = await type(read)
  expect(stdout).toMatch(/awaiting\/http-response/)
  expect(stdout).toMatch(new RegExp(`chargeCard \\(worker\\.js:${LINE}\\) waits for the answer to POST`))
  expect(stdout).toMatch(/^Next:/m)
}, 180_000)

test('a process that nobody prepared is in the list, and says what it waits for', async () => {
  const bare = spawn(process.execPath, ['worker.js'], { cwd: temporary.path, env, stdio: 'ignore' })
  try {
    const commands = ask.replace('PID', String(bare.pid))
    await expect
      .poll(async () => (await type(commands)).stdout, { timeout: 60_000, interval: 1000 })
      .toMatch(new RegExp(`^ *${bare.pid} [^]*chargeCard \\(worker\\.js:${LINE}\\)`, 'm'))
  } finally {
    bare.kill('SIGKILL')
  }
}, 120_000)
