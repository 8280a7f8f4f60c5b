/**
 * Debian's rabbitmq-server on a free port of loopback, as a node with its own name, folder and name server (epmd), so that it
 * meets no other. Where we are root it runs as the user `rabbitmq`.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from './free-port.js'

export interface RabbitMq {
  readonly url: string
  /** Over TLS; null without openssl. Clients trust the certificate by NODE_EXTRA_CA_CERTS. */
  readonly tls: { readonly url: string; readonly certificate: string } | null
  readonly child: ChildProcess
  /** As `rabbitmqctl` of this node. */
  ctl(...args: string[]): void
  stop(): Promise<void>
}

const VERSIONS = '/usr/lib/rabbitmq/lib'
const START_MS = 90_000
const USER = 'rabbitmq'

function binaries(): string | null {
  const [version] = existsSync(VERSIONS)
    ? readdirSync(VERSIONS).filter((name) => name.startsWith('rabbitmq_server'))
    : []
  return version === undefined ? null : path.join(VERSIONS, version, 'sbin')
}

/** Whom it runs as: ourselves, or its own user where we are root; null: there is no such user. */
function owner(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const id = (flag: string): number => Number(spawnSync('id', [flag, USER], { encoding: 'utf8' }).stdout.trim() || 'x')
  const [uid, gid] = [id('-u'), id('-g')]
  return Number.isInteger(uid) && uid > 0 ? { uid, gid } : null
}

/** Null when it can run here, else what is missing. */
export function missingForRabbitMq(): string | null {
  if (binaries() === null || owner() === null) return 'rabbitmq-server'
  return spawnSync('epmd', ['-help']).error === undefined ? null : 'epmd'
}

export async function startRabbitMq(): Promise<RabbitMq> {
  const [sbin, user] = [binaries(), owner()]
  if (sbin === null || user === null) throw new Error('rabbitmq-server is not installed')
  const folder = mkdtempSync(path.join(tmpdir(), 'stall-rabbitmq-'))
  for (const name of ['mnesia', 'log']) mkdirSync(path.join(folder, name))
  writeFileSync(path.join(folder, 'plugins'), '[].')
  const [port, distribution, names, tlsPort] = [await freePort(), await freePort(), await freePort(), await freePort()]
  const certified = makeCertificate(folder)
  const tlsLines = certified
    ? `listeners.ssl.default = 127.0.0.1:${tlsPort}\nssl_options.cacertfile = ${folder}/cert.pem\nssl_options.certfile = ${folder}/cert.pem\nssl_options.keyfile = ${folder}/key.pem\n`
    : ''
  writeFileSync(
    path.join(folder, 'rabbitmq.conf'),
    `${tlsLines}listeners.tcp.default = 127.0.0.1:${port}\nlog.console = true\nlog.file = false\nvm_memory_high_watermark.absolute = 1GB\ndisk_free_limit.absolute = 1MB\n`,
  )
  if (process.getuid?.() === 0) {
    const certificates = certified ? ['cert.pem', 'key.pem'] : []
    for (const name of ['', 'mnesia', 'log', 'plugins', 'rabbitmq.conf', ...certificates])
      chownSync(path.join(folder, name), user.uid, user.gid)
  }
  const env = {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: folder,
    RABBITMQ_NODENAME: `stall-${port}@localhost`,
    RABBITMQ_MNESIA_BASE: path.join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: path.join(folder, 'log'),
    RABBITMQ_CONFIG_FILE: path.join(folder, 'rabbitmq'),
    RABBITMQ_ENABLED_PLUGINS_FILE: path.join(folder, 'plugins'),
    RABBITMQ_CONF_ENV_FILE: path.join(folder, 'none'),
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    // Without its wrapper, so that a signal reaches the server itself.
    RABBITMQ_ALLOW_INPUT: 'true',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '-noinput +S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
    ERL_EPMD_PORT: String(names),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  }
  const run = { ...user, cwd: folder, env }
  const epmd = spawn('epmd', ['-port', String(names), '-address', '127.0.0.1'], { ...run, stdio: 'ignore' })
  const child = spawn(path.join(sbin, 'rabbitmq-server'), [], { ...run, stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = async (): Promise<void> => {
    await Promise.all([child, epmd].map(end))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await started(child)
  } catch (thrown) {
    await stop()
    throw thrown
  }
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    tls: certified
      ? { url: `amqps://guest:guest@127.0.0.1:${tlsPort}`, certificate: path.join(folder, 'cert.pem') }
      : null,
    child,
    ctl: (...args) => void execFileSync(path.join(sbin, 'rabbitmqctl'), args, { ...run, stdio: 'pipe' }),
    stop,
  }
}

/** @returns whether there is one now: `cert.pem`, `key.pem` */
function makeCertificate(folder: string): boolean {
  const files = ['-keyout', path.join(folder, 'key.pem'), '-out', path.join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files]
  return spawnSync('openssl', args, { stdio: 'ignore' }).status === 0
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function started(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let said = ''
    const late = setTimeout(() => reject(new Error(`rabbitmq-server did not start in time: ${said}`)), START_MS)
    const hear = (data: Buffer): void => {
      said = (said + data.toString()).slice(-2000)
      if (!said.includes('Server startup complete')) return
      clearTimeout(late)
      resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', (code) => reject(new Error(`rabbitmq-server ended with ${code}: ${said}`)))
  })
}
