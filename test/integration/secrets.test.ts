/** No secret of a worker reaches the disk or a terminal: a real one, full of them, captured from inside and from outside. */
import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../support/incidents.js'
import { CLI, type NodeBinary, NODES, PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'

/** In every secret, so that one search finds them all. */
const CANARY = 'c4n4ry'
const SECRETS = {
  DB_PASSWORD: `${CANARY}-hunter2`,
  DATABASE_URL: `postgres://app:${CANARY}@db.internal/x`,
  STRIPE_KEY: `${CANARY}1`,
  SOME_SETTING: `Xq7${CANARY}Zt5Lm2Np8Rv4Bk6`,
}

let temporary: { readonly path: string; remove(): void }

beforeEach(() => {
  temporary = temporaryFolder('secrets')
})
afterEach(() => temporary.remove())

/** All text of all files below a folder, each with its name. */
function readAll(folder: string): { readonly name: string; readonly text: string }[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name)
    return entry.isDirectory() ? readAll(full) : [{ name: full, text: readFileSync(full, 'latin1') }]
  })
}

/** With both of its streams in one text. */
function run(args: readonly string[]): Promise<{ readonly status: number | null; readonly text: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { maxBuffer: 2 ** 26 }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode, text: stdout + stderr }),
    )
  })
}

function sealedIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9A-Z]{26}$/.test(name)) : []
}

test('keeps the secrets of a worker out of its bundles on every Node line', async () => {
  await Promise.all(NODES.map((node) => captureAndSearch(node)))
})

async function captureAndSearch({ major, path: node, version }: NodeBinary): Promise<void> {
  const inside = path.join(temporary.path, `inside-${major}`)
  const outside = path.join(temporary.path, `outside-${major}`)
  const env = {
    PATH: process.env['PATH'],
    ...SECRETS,
    PLAIN_SETTING: 'kept as it is',
    CONDUCTOR_STALL_DIR: inside,
    CONDUCTOR_STALL_LOCALS: '1',
    CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: '0',
    CONDUCTOR_STALL_WARN_SECONDS: '1',
    CONDUCTOR_STALL_PROFILE_SECONDS: '0',
  }
  const args = ['--require', PROJECT_ROOT, path.join(PROGRAMS, 'secrets/worker.cjs'), '--token', `${CANARY}-argument`]
  const worker = spawn(node, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  worker.stdout.on('data', (data: Buffer) => (said += data.toString()))
  worker.stderr.on('data', (data: Buffer) => (said += data.toString()))
  try {
    await expect.poll(() => sealedIn(inside), { timeout: 60_000, interval: 200 }).toHaveLength(1)
    const options = ['--out', outside, '--locals', '-v']
    const dump = await run([CLI, 'dump', String(worker.pid), ...options])
    expect(dump.status, dump.text).toBe(0)
    const texts = [
      ...readAll(inside),
      ...readAll(outside),
      { name: 'what dump printed', text: dump.text },
      { name: 'what the worker printed', text: said },
    ]
    const leaks = texts.flatMap(({ name, text }) =>
      text
        .split('\n')
        .filter((line) => line.includes(CANARY))
        .map((line) => `${name}: ${line.trim()}`),
    )
    expect(leaks).toEqual([])
    for (const folder of [inside, outside]) {
      const bundle = path.join(folder, sealedIn(folder)[0] ?? 'none')
      const manifest = JSON.parse(readFileSync(path.join(bundle, 'incident.json'), 'utf8')) as {
        readonly process: { readonly node: string; readonly argv: readonly string[] }
        readonly redacted: Record<string, number>
      }
      expect(manifest.process.node).toBe(version)
      expect(manifest.process.argv.slice(-2)).toEqual(['--token', '[redacted:key-name]'])
      expect(manifest.redacted['key-name']).toBeGreaterThan(2)
      const environment: unknown = JSON.parse(readFileSync(path.join(bundle, 'environment.json'), 'utf8'))
      expect(environment).toMatchObject({ PLAIN_SETTING: 'kept as it is', DB_PASSWORD: '[redacted:key-name]' })
    }
  } finally {
    worker.kill('SIGKILL')
  }
}
