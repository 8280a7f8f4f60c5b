/** A real pm2, with the file that docs/deploy.md shows: a wedged worker is ended with 70, and pm2 starts the next. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test, type TestContext } from 'vitest'
import type { Tombstone } from '../../../src/model/incident.js'
import { NODES, PROJECT_ROOT } from '../../support/nodes.js'
import { FAST } from '../../support/run-worker.js'

const PM2 = path.join(PROJECT_ROOT, 'test/servers/node_modules/pm2/bin/pm2-runtime')
const newest = NODES.at(-1)
if (!newest) throw new Error('no Node')

/** Wedged by its first start only: the second shows that it serves again. */
const WORKER = `
const fs = require('node:fs')
console.log('worker ' + process.pid + ' ' + process.version)
function wedged() {
  for (let i = 0; ; i++) if (i < 0) return
}
try {
  fs.mkdirSync(__dirname + '/started')
  setTimeout(wedged, 1000)
} catch {
  setInterval(() => {}, 1000)
}
`

/** As it stands in the page, but for the folder of the bundles. */
function ecosystem(bundles: string): string {
  const page = readFileSync(path.join(PROJECT_ROOT, 'docs/deploy.md'), 'utf8')
  const block = /^```json\n([^]*?)^```/m.exec(page)?.[1] ?? ''
  expect(block).toContain('/var/lib/incidents')
  return block.replace('/var/lib/incidents', bundles)
}

function scratch(onTestFinished: TestContext['onTestFinished']): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stall-pm2-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

test('pm2 restarts a worker that was ended with 70, evidence first', async ({ onTestFinished }) => {
  const folder = scratch(onTestFinished)
  const bundles = path.join(folder, 'bundles')
  mkdirSync(path.join(folder, 'node_modules'))
  symlinkSync(PROJECT_ROOT, path.join(folder, 'node_modules/conductor-stall-agent'))
  writeFileSync(path.join(folder, 'worker.js'), WORKER)
  writeFileSync(path.join(folder, 'ecosystem.json'), ecosystem(bundles))
  const pm2 = spawn(newest.path, [PM2, 'start', 'ecosystem.json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${path.dirname(newest.path)}:${process.env['PATH']}`,
      HOME: folder,
      PM2_HOME: path.join(folder, 'pm2'),
      ...FAST,
    },
  })
  let said = ''
  for (const stream of [pm2.stdout, pm2.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()))
  const workers = (): number[] => [...said.matchAll(/worker (\d+) v/g)].map(([, pid]) => Number(pid))
  const exited = once(pm2, 'exit')
  onTestFinished(() => {
    pm2.kill('SIGKILL')
    for (const pid of workers()) killQuietly(pid)
  })
  const deadline = performance.now() + 100_000
  while (workers().length < 2) {
    if (performance.now() > deadline || pm2.exitCode !== null) throw new Error(`no second worker: ${said}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(said).toContain(newest.version)
  expect(said).toMatch(/exited with code \[70\]/)
  const names = readdirSync(bundles)
  const incidents = names.filter((name) => /^[0-9A-Z]{26}$/.test(name))
  const manifests = incidents.map((name) => readFileSync(path.join(bundles, name, 'incident.json'), 'utf8'))
  const [first = -1] = workers()
  const its = manifests.map((text) => JSON.parse(text) as Manifest).filter(({ process: { pid } }) => pid === first)
  expect(its.length).toBeGreaterThan(0)
  expect(
    its.at(-1)?.verdicts.some(({ where }) => where?.file === path.join(folder, 'worker.js')),
    said,
  ).toBe(true)
  pm2.kill('SIGINT')
  await exited
})

interface Manifest {
  readonly process: { readonly pid: Tombstone['pid'] }
  readonly verdicts: readonly { readonly where: { readonly file: string } | null }[]
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
