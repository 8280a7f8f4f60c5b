/** The package as a stranger gets it: packed, installed into an empty folder, and used from there, nothing of this project beside it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../support/incidents.js'
import { NODES, PROJECT_ROOT } from '../support/nodes.js'

let temporary: { readonly path: string; remove(): void }
let app: string

beforeAll(() => {
  temporary = temporaryFolder('package')
  app = path.join(temporary.path, 'app')
  mkdirSync(app)
  // dist is built by the set-up of all tests; building it again here would take it away from tests that run beside.
  const pack = ['pack', '--ignore-scripts', '--pack-destination', temporary.path]
  execFileSync('npm', pack, { cwd: PROJECT_ROOT, stdio: ['ignore', 'ignore', 'pipe'] })
  const tarball = readdirSync(temporary.path).find((name) => name.endsWith('.tgz')) ?? 'none was packed'
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', path.join(temporary.path, tarball)]
  execFileSync('npm', install, { cwd: app, stdio: ['ignore', 'ignore', 'pipe'] })
  writeFileSync(path.join(app, 'worker.js'), WORKER)
  writeFileSync(path.join(app, 'worker.mjs'), MODULE_WORKER)
}, 240_000)
afterAll(() => temporary.remove())

const WORKER = `
const { heartbeat } = require('conductor-stall-agent/api')
const beat = heartbeat('invoices')
let turns = 0
const timer = setInterval(function poll() {
  beat()
  if (++turns === 5) waitForever()
}, 20)
function waitForever() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}
console.log(process.version)
`

const MODULE_WORKER = `
import { heartbeat } from 'conductor-stall-agent/api'
import * as root from 'conductor-stall-agent'
const beat = heartbeat('m', { endless: false })
beat()
console.log(JSON.stringify([process.version, Object.keys(root).sort()]))
// What "using beat = heartbeat(...)" calls at the end of its block.
beat[Symbol.dispose]()
`

/** Nothing of this test's own settings, and no way to the project's modules. */
function environment(state: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: temporary.path,
    CONDUCTOR_STALL_DIR: state,
    CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '4',
    CONDUCTOR_STALL_WARN_SECONDS: '1',
    CONDUCTOR_STALL_EVENT_LOOP_WARN_SECONDS: '1',
    CONDUCTOR_STALL_PROFILE_SECONDS: '0.5',
    CONDUCTOR_STALL_GRACE_SECONDS: '15',
  }
}

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

function runWorker(node: string, args: readonly string[], state: string): Promise<Ended> {
  const child = spawn(node, args, { cwd: app, env: environment(state), stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  const deadline = setTimeout(() => child.kill('SIGKILL'), 60_000)
  return new Promise((resolve) =>
    child.once('close', (code, signal) => {
      clearTimeout(deadline)
      resolve({ code, signal, stdout, stderr })
    }),
  )
}

test('wedges, leaves its evidence and ends with 70 on every Node line, by --require alone', async () => {
  const runs = NODES.map(async ({ major, path: node, version }) => {
    const state = path.join(temporary.path, `state-${major}`)
    return { version, state, ended: await runWorker(node, ['--require', 'conductor-stall-agent', 'worker.js'], state) }
  })
  for (const { version, state, ended } of await Promise.all(runs)) {
    expect(ended.stdout.trim()).toBe(version)
    expect({ code: ended.code, signal: ended.signal }, ended.stderr).toEqual({ code: 70, signal: null })
    const shown = diag(['show', 'latest', '--json'], state)
    expect(shown.status, shown.stderr).toBe(0)
    const { state: sealed, process: identity, verdicts } = JSON.parse(shown.stdout) as ShownManifest
    expect([sealed, identity.node]).toEqual(['sealed', version])
    expect(verdicts[0], shown.stdout).toMatchObject({
      kind: 'blocked-in-native',
      where: { function: 'waitForever', file: path.join(app, 'worker.js'), line: 10 },
    })
    expect(diag(['verify'], state).status).toBe(0)
  }
})

interface ShownManifest {
  readonly state: string
  readonly process: { readonly node: string }
  readonly verdicts: readonly unknown[]
}

/** `npx`, as people type it; --no: never from a registry. */
function diag(args: readonly string[], state: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('npx', ['--no', 'conductor-diag', ...args], { cwd: app, env: environment(state), encoding: 'utf8' })
}

test('dumps a process that was not prepared, through npx', async () => {
  const state = path.join(temporary.path, 'state-dump')
  const child = spawn(process.execPath, ['-e', "console.log('up'); setInterval(() => {}, 1000)"], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve))
    const dump = diag(['dump', String(child.pid), '--json'], state)
    expect(dump.status, dump.stderr).toBe(0)
    expect(JSON.parse(dump.stdout)).toMatchObject({ schema: 1, process: { pid: child.pid, node: process.version } })
  } finally {
    child.kill('SIGKILL')
  }
})

test.each(NODES)(
  'serves ECMAScript modules on Node $major, by --import, and lets them end by themselves',
  async ({ path: node, version }) => {
    const state = path.join(temporary.path, 'state-esm')
    const ended = await runWorker(node, ['--import', 'conductor-stall-agent/register', 'worker.mjs'], state)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const [got, names] = JSON.parse(ended.stdout) as [string, string[]]
    expect(got).toBe(version)
    expect(names).toEqual(expect.arrayContaining(['capture', 'heartbeat']))
  },
)

test('is all there without koffi, the optional dependency', async () => {
  for (const name of ['koffi', '@koromix'])
    rmSync(path.join(app, 'node_modules', name), { recursive: true, force: true })
  const state = path.join(temporary.path, 'state-bare')
  const ended = await runWorker(process.execPath, ['--require', 'conductor-stall-agent', 'worker.js'], state)
  // In Atomics.wait the inspector can still end it with 70; where it can't, SIGKILL does.
  expect(ended.code === 70 || ended.signal === 'SIGKILL', JSON.stringify(ended)).toBe(true)
  expect(diag(['verify'], state)).toMatchObject({ status: 0 })
})

test('brings no test, no source and no secret of this project along', () => {
  const root = path.join(app, 'node_modules/conductor-stall-agent')
  const allowed = ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'docs', 'layouts', 'package.json', 'schemas']
  expect(readdirSync(root).filter((name) => !allowed.includes(name))).toEqual([])
  for (const name of ['dist/index.js', 'dist/register.d.ts', 'dist/api.d.ts', 'LICENSE', 'bin/conductor-diag.js']) {
    expect(existsSync(path.join(root, name)), name).toBe(true)
  }
  // What somebody starts or requires, each in few files; all else is inside them.
  const files = readdirSync(path.join(root, 'dist'), { recursive: true }).map(String)
  expect(files.filter((name) => name.endsWith('.js')).length).toBeLessThan(120)
  // Declarations of the doors, and what those lead to; no package for a page that is brought along.
  const declarations = files.filter((name) => name.endsWith('.d.ts'))
  expect(declarations.length).toBeLessThan(40)
  expect(existsSync(path.join(root, 'dist/vendor/speedscope/LICENSE'))).toBe(true)
  for (const absent of ['speedscope', 'open', 'default-browser']) {
    expect(existsSync(path.join(app, 'node_modules', absent)), absent).toBe(false)
  }
})
