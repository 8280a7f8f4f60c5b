// Conductor's own server, on loopback and in memory. Kept outside the repository: 400 MB from Maven, unpacked once.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

const VERSION = '3.21.14'
const ARTIFACT = `org.conductoross:conductor-server:${VERSION}:jar:boot`
const CACHE = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'conductor-stall-agent')
const JAR = path.join(
  os.homedir(),
  `.m2/repository/org/conductoross/conductor-server/${VERSION}/conductor-server-${VERSION}-boot.jar`,
)
const START_MS = 180_000

/** Null when it can run here, else the one word that is missing. */
export function missing() {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const major = Number(/version "(\d+)/.exec(`${java.stderr}${java.stdout}`)?.[1] ?? 0)
  if (major < 17) return 'Java'
  const maven = spawnSync('mvn', ['-version']).status === 0
  return maven || existsSync(JAR) ? null : 'Maven'
}

function unpacked() {
  const app = path.join(CACHE, `conductor-server-${VERSION}`)
  if (existsSync(app)) return app
  mkdirSync(CACHE, { recursive: true })
  if (!existsSync(JAR)) {
    console.log(`fetching ${ARTIFACT} (400 MB)`)
    execFileSync('mvn', ['-B', '-q', 'dependency:get', `-Dartifact=${ARTIFACT}`, '-Dtransitive=false'], {
      stdio: 'inherit',
    })
  }
  execFileSync('java', ['-Djarmode=tools', '-jar', JAR, 'extract', '--destination', app], { stdio: 'inherit' })
  return app
}

export async function freePort() {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** A certificate of its own for this run, and HTTP/2 behind it. */
function tlsSettings(folder) {
  const store = path.join(folder, 'ks.p12')
  const key = ['-genkeypair', '-alias', 'server', '-keyalg', 'RSA', '-keysize', '2048', '-validity', '2']
  const name = ['-dname', 'CN=localhost', '-ext', 'san=dns:localhost,ip:127.0.0.1']
  const kept = ['-storetype', 'PKCS12', '-keystore', store, '-storepass', 'changeit', '-keypass', 'changeit']
  execFileSync('keytool', [...key, ...name, ...kept], { stdio: 'ignore' })
  return [
    '--server.http2.enabled=true',
    `--server.ssl.key-store=${store}`,
    '--server.ssl.key-store-password=changeit',
    '--server.ssl.key-store-type=PKCS12',
  ]
}

/** @param options `tls`: HTTP/2 over TLS, with a certificate that nobody trusts */
export async function startServer({ tls = false } = {}) {
  const app = unpacked()
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stall-server-'))
  const jar = readdirSync(app).find((name) => name.endsWith('.jar'))
  const port = await freePort()
  const settings = [
    '--server.address=127.0.0.1',
    `--server.port=${port}`,
    '--conductor.db.type=memory',
    '--conductor.queue.type=memory',
    '--conductor.indexing.enabled=false',
    '--conductor.grpc-server.enabled=false',
    '--loadSample=false',
    '--conductor.app.workflow-offset-timeout=4s',
    ...(tls ? tlsSettings(folder) : []),
  ]
  const memory = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
  const child = spawn('java', [...memory, '-jar', path.join(app, jar), ...settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let failed = false
  child.stdout.on('data', (text) => (failed ||= text.includes('Application run failed')))
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  const end = performance.now() + START_MS
  while (
    !(await fetch(`${url}/health`).then(
      (answer) => answer.ok,
      () => false,
    ))
  ) {
    if (failed || child.exitCode !== null) throw new Error('the server could not start')
    if (performance.now() > end) throw new Error(`the server did not answer within ${START_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return {
    port,
    url,
    async call(method, what, body) {
      const init = { method, headers: { 'content-type': 'application/json' } }
      const answer = await fetch(
        `${url}/api/${what}`,
        body === undefined ? init : { ...init, body: JSON.stringify(body) },
      )
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${method} ${what}: ${answer.status} ${text.slice(0, 300)}`)
      try {
        return JSON.parse(text)
      } catch {
        // A workflow's id is plain text.
        return text
      }
    },
    async stop() {
      rmSync(folder, { recursive: true, force: true })
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}
