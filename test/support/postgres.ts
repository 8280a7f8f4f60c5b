/** Debian's PostgreSQL on a free port of loopback, in a folder of its own. It refuses to run as root, so it does not. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from './free-port.js'

export interface Postgres {
  readonly url: string
  /** The server with all of its processes. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  stop(): Promise<void>
}

const VERSIONS = '/usr/lib/postgresql'

function binaries(): string | null {
  const [version] = existsSync(VERSIONS) ? readdirSync(VERSIONS).toSorted((a, b) => Number(b) - Number(a)) : []
  const folder = path.join(VERSIONS, version ?? '', 'bin')
  return version !== undefined && existsSync(path.join(folder, 'initdb')) ? folder : null
}

/** Whom it runs as: ourselves, or `postgres` where we are root; null: there is no such user. */
function owner(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const id = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim() || 'x')
  const [uid, gid] = [id('-u'), id('-g')]
  return Number.isInteger(uid) && uid > 0 ? { uid, gid } : null
}

/** What `describe.skipIf` needs. */
export const HAS_POSTGRES = binaries() !== null && owner() !== null

export async function startPostgres(): Promise<Postgres> {
  const [folder, user] = [binaries(), owner()]
  if (folder === null || user === null) throw new Error('PostgreSQL is not installed')
  const data = mkdtempSync(path.join(tmpdir(), 'stall-postgres-'))
  if (process.getuid?.() === 0) chownSync(data, user.uid, user.gid)
  const run = { ...user, cwd: data, env: { PATH: process.env['PATH'], LC_ALL: 'C' } }
  const init = ['-D', data, '-U', 'tester', '--auth=trust', '--no-sync', '-E', 'UTF8']
  const made = spawnSync(path.join(folder, 'initdb'), init, { ...run, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`initdb ended with ${made.status}: ${made.stderr}`)
  const port = await freePort()
  const flags = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', data, '-c', 'fsync=off']
  const child = spawn(path.join(folder, 'postgres'), flags, {
    ...run,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  await ready(child)
  // Each of its processes has a group of its own.
  const toAll = (name: NodeJS.Signals): void => {
    for (const pid of [child.pid ?? 0, ...childrenOf(child.pid ?? 0)]) tell(pid, name)
  }
  return {
    url: `postgres://tester@127.0.0.1:${port}/postgres`,
    signal: toAll,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit')
        toAll('SIGKILL')
        await exited
      }
      rmSync(data, { recursive: true, force: true })
    },
  }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

function tell(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has just ended.
  }
}

async function ready(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let said = ''
    const late = setTimeout(() => reject(new Error(`postgres did not start in 60 s: ${said}`)), 60_000)
    child.stderr?.on('data', (data: Buffer) => {
      said = (said + data.toString()).slice(-2000)
      if (!said.includes('ready to accept connections')) return
      clearTimeout(late)
      resolve()
    })
    child.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${said}`)))
  })
}
