/** Root looks at another user's process, or writes where another user may write, and that user does their worst. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { copyBundle } from '../../src/incident/copy-bundle.js'
import { readBundle } from '../../src/incident/bundle-reader.js'
import { sealedBundle, temporaryFolder } from '../support/incidents.js'
import { CLI, PROGRAMS } from '../support/nodes.js'
import { secondUser } from '../support/second-user.js'

const user = secondUser()

let temporary: { readonly path: string; remove(): void }
let children: ChildProcess[]
beforeEach(() => {
  temporary = temporaryFolder('other-user')
  chmodSync(temporary.path, 0o755)
  children = []
})
afterEach(async () => {
  for (const child of children) {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await gone
  }
  temporary.remove()
})

/** As the other user, ready when it says so. */
async function start(program: string, ...args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [path.join(PROGRAMS, 'hostile', program), ...args], {
    ...user,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}`)))
  })
  return child
}

function dump(pid: number | undefined, ...args: string[]): { code: number | null; text: string } {
  const run = spawnSync(process.execPath, [CLI, 'dump', String(pid), ...args], { encoding: 'utf8', timeout: 60_000 })
  return { code: run.status, text: run.stdout + run.stderr }
}

/** A bundle as the agent would have left it, which the other user has made. */
function theirBundle(inside: string): string {
  const folder = path.join(temporary.path, inside)
  mkdirSync(folder)
  const bundle = sealedBundle(folder)
  addListed(bundle, 'evidence.json', Buffer.from(JSON.stringify(EVIDENCE)))
  return bundle
}

const EVIDENCE = {
  process: {
    pid: 1,
    argv: ['node'],
    cwd: '/',
    service: null,
    version: null,
    node: 'v20.0.0',
    executable: null,
    agent: true,
  },
  from: 'inside',
  stall: null,
  looks: [],
  samples: null,
  missing: [],
  cost: { pausedMs: 0, cpuMs: 0, wallMs: 0, memoryBytes: 0, endedOnAttach: false },
}

function addListed(bundle: string, name: string, data: Buffer): void {
  writeFileSync(path.join(bundle, name), data)
  const file = path.join(bundle, 'incident.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { artifacts: object[] }
  const sha256 = createHash('sha256').update(data).digest('hex')
  manifest.artifacts.push({ name, sizeBytes: data.length, sha256, engine: 'memory', tookMs: 0, pausedMs: 0 })
  writeFileSync(file, JSON.stringify(manifest))
}

function giveAway(folder: string): void {
  if (user === null) return
  for (const name of ['', ...readdirSync(folder)]) {
    const place = path.join(folder, name)
    if (!lstatSync(place).isSymbolicLink()) chownSync(place, user.uid, user.gid)
  }
}

function everythingIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name))
}

describe.skipIf(user === null)('as root, with a second user (made by useradd)', () => {
  test('dump --out takes over listed files alone, with a mode and owner of our own', async () => {
    const bundle = theirBundle('theirs')
    addListed(bundle, 'shell', readFileSync('/bin/sh'))
    writeFileSync(path.join(bundle, 'unlisted'), 'x')
    giveAway(bundle)
    for (const name of ['shell', 'unlisted']) chmodSync(path.join(bundle, name), 0o6755)
    symlinkSync('/etc/shadow', path.join(bundle, 'link'))
    execFileSync('mkfifo', [path.join(bundle, 'fifo')])
    mkdirSync(path.join(bundle, 'folder'))
    chmodSync(path.dirname(bundle), 0o755)
    const agent = await start('agent.cjs', bundle)
    const out = path.join(temporary.path, 'out')
    const { code, text } = dump(agent.pid, '--profile', '0.2', '--out', out)
    expect({ code, text }).toMatchObject({ code: 0, text: expect.stringContaining(`bundle: ${out}`) })
    const copy = path.join(out, path.basename(bundle))
    expect(readdirSync(copy).sort()).toEqual([
      'SHA256SUMS',
      'evidence.json',
      'incident.json',
      'kernel.json',
      'shell',
      'stacks.json',
    ])
    for (const file of everythingIn(copy)) {
      const stats = lstatSync(file)
      expect([stats.mode & 0o7777, stats.uid, stats.isFile()]).toEqual([0o600, 0, true])
    }
    expect(spawnSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: copy }).status).toBe(0)
  })

  test.each(['a folder of root alone', 'a link to one', 'a path with ..', 'nothing'])(
    'dump does not read %s that the agent names',
    async (what) => {
      const ours = theirBundle('ours')
      chmodSync(path.dirname(ours), 0o700)
      const theirs = path.join(temporary.path, 'theirs')
      mkdirSync(theirs)
      const link = path.join(theirs, path.basename(ours))
      symlinkSync(ours, link)
      giveAway(theirs)
      const named =
        {
          'a folder of root alone': ours,
          'a link to one': link,
          'a path with ..': `/tmp/..${ours}`,
          nothing: '/nothing/01M8JJW6D707FQQ3HXGDJ4GYS6',
        }[what] ?? ''
      const agent = await start('agent.cjs', named)
      const out = path.join(temporary.path, 'out')
      const { text } = dump(agent.pid, '--engine', 'inspector', '--out', out)
      expect(text).toContain('looking from outside')
      // What came out is a look of our own.
      expect(everythingIn(out).filter((file) => file.includes(path.basename(ours)))).toEqual([])
    },
  )

  test('dump --out writes nothing where a link is put in the place of its folder', async () => {
    const shared = path.join(temporary.path, 'shared')
    mkdirSync(shared)
    chmodSync(shared, 0o777)
    if (user !== null) chownSync(shared, user.uid, user.gid)
    const victim = path.join(temporary.path, 'victim')
    mkdirSync(victim, { mode: 0o700 })
    const swapper = await start('swapper.cjs', shared, victim)
    let swaps = 0
    swapper.stdout?.on('data', (data: Buffer) => (swaps += data.toString().split('swapped').length - 1))
    const target = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    children.push(target)
    for (let round = 0; round < 3; round++) {
      const { code, text } = dump(target.pid, '--stacks-only', '--out', shared)
      // Refused and said, or finished before the swap; the dump itself is shown in any case.
      if (code !== 0) expect(text).toMatch(/replaced|ERR_STALL_DIR_UNWRITABLE/)
      expect(text).toContain('Process')
    }
    await expect.poll(() => swaps, { timeout: 10_000 }).toBeGreaterThan(0)
    expect(readdirSync(victim)).toEqual([])
  })

  test('a recording without -o does not follow a link that waits under its name', async () => {
    const target = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    children.push(target)
    const victim = path.join(temporary.path, 'victim')
    writeFileSync(victim, 'precious')
    const shared = path.join(temporary.path, 'shared')
    mkdirSync(shared)
    for (let second = 0; second < 60; second++) {
      const time = new Date(Date.now() + second * 1000)
        .toISOString()
        .replace(/\.\d+Z$/, 'Z')
        .replaceAll(':', '-')
      symlinkSync(victim, path.join(shared, `${target.pid}-${time}.cpuprofile`))
    }
    const run = spawnSync(process.execPath, [CLI, 'record', String(target.pid), '-d', '0.2'], {
      cwd: shared,
      encoding: 'utf8',
    })
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(run.stderr + run.stdout).toContain('is there already, and is kept')
  })
})

test.each([
  ['a link', (file: string) => (spawnSync('ln', ['-sf', '/etc/hostname', file]), 'opened')],
  ['a FIFO', (file: string) => (spawnSync('sh', ['-c', `rm ${file}; mkfifo ${file}`]), 'not a regular file')],
  [
    'a device',
    (file: string) => (
      spawnSync('sh', ['-c', `rm ${file}; mknod ${file} c 1 5`]),
      'not a regular file|is not there|opened'
    ),
  ],
  ['a sparse file of 2 TB', (file: string) => (truncateSync(file, 2e12), 'at most')],
  ['other content of the same size', (file: string) => (writeFileSync(file, '{"threads":{}}'), 'another SHA-256')],
])('a copy of a bundle with %s in it fails with a clear error, and leaves nothing', (_what, damage) => {
  const bundle = sealedBundle(temporary.path)
  const reason = damage(path.join(bundle, 'kernel.json'))
  const out = path.join(temporary.path, 'out')
  expect(() => copyBundle(readBundle(bundle), { path: out, from: 'the test', shared: false })).toThrow(
    new RegExp(reason),
  )
  expect(existsSync(out) ? readdirSync(out) : []).toEqual([])
})
