/** No secret of a worker reaches the disk or a terminal: a real one, full of them, captured from inside and from outside. */
import { execFile, spawn } from 'node:child_process'
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../support/incidents.js'
import { CANARY, holds, PLANTED } from '../support/planted-secrets.js'
import { CLI, type NodeBinary, NODES, PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'

interface Searched {
  readonly name: string
  readonly bytes: Buffer
}

let temporary: { readonly path: string; remove(): void }

beforeEach(() => {
  temporary = temporaryFolder('secrets')
})
afterEach(() => temporary.remove())

/** All bytes of all files below a folder, each with its name. */
function readAll(folder: string): Searched[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name)
    return entry.isDirectory() ? readAll(full) : [{ name: full, bytes: readFileSync(full) }]
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

test('keeps the secrets of a worker out of its bundles, report and screens on every Node line', async () => {
  await Promise.all(NODES.map((node) => captureAndSearch(node)))
})

async function captureAndSearch({ major, path: node, version }: NodeBinary): Promise<void> {
  const place = (name: string): string => path.join(temporary.path, String(major), name)
  const inside = place('inside')
  const env = {
    PATH: process.env['PATH'],
    ...PLANTED,
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
    const pid = String(worker.pid)
    const ask = async (...words: string[]): Promise<string> => {
      const ran = await run([CLI, ...words])
      expect(ran.status, ran.text).toBe(0)
      return ran.text
    }
    const screens = {
      'dump -v': await ask('dump', pid, '-v', '--out', place('outside')),
      'dump -v --locals': await ask('dump', pid, '-v', '--locals', '--out', place('with-locals')),
      'dump --json --locals': await ask('dump', pid, '--json', '--locals'),
      'show -v': await ask('show', '-v', '--dir', inside),
      report: await ask('report', '--dir', inside, '--out', place('page.html')),
      'what the worker printed': said,
    }
    const searched: Readonly<Record<string, Searched[]>> = {
      'bundle from inside, with locals': readAll(inside),
      'bundle from outside': readAll(place('outside')),
      'bundle from outside, with locals': readAll(place('with-locals')),
      'page of `report`': [{ name: 'page.html', bytes: readFileSync(place('page.html')) }],
      screens: Object.entries(screens).map(([name, text]) => ({ name, bytes: Buffer.from(text) })),
    }
    note(major, searched)
    const everything = Object.values(searched).flat()
    expect(everything.filter(({ bytes }) => holds(bytes, CANARY)).map(({ name }) => name)).toEqual([])
    // The control: the same search finds what is no secret, in each.
    const found = Object.entries(searched).filter(([, list]) =>
      list.some(({ bytes }) => holds(bytes, 'secrets/worker.cjs')),
    )
    expect(found.map(([what]) => what)).toEqual(Object.keys(searched))
    for (const folder of [inside, place('outside'), place('with-locals')]) {
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

/** Lines of the table in docs/security.md, to the file that SECRETS_TABLE names. */
function note(major: number, searched: Readonly<Record<string, readonly Searched[]>>): void {
  const file = process.env['SECRETS_TABLE']
  if (file === undefined) return
  for (const [what, list] of Object.entries(searched)) {
    const bytes = list.reduce((sum, each) => sum + each.bytes.length, 0)
    const leaks = list.filter((each) => holds(each.bytes, CANARY)).length
    appendFileSync(file, `| ${what} | ${major} | ${list.length} | ${bytes.toLocaleString('en')} | ${leaks} |\n`)
  }
}
