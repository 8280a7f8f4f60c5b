/**
 * A real Kafka broker (KRaft, one process) on loopback, from Maven (46 MB, kept outside the repository). Nothing is fetched
 * where Java or Maven are missing.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from './free-port.js'

const VERSION = '3.9.1'
const CACHE = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'conductor-stall-agent')
const JARS = path.join(CACHE, `kafka-${VERSION}`)
const JAVA = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', path.join(JARS, '*')]
const FETCH_MS = 180_000
const START_MS = 90_000
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`

export interface Kafka {
  readonly url: string
  readonly child: ChildProcess
  stop(): Promise<void>
}

/** Null when it can run here, else the one word that is missing. Fetches it at most once. */
export function missingForKafka(): string | null {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  if (java.status !== 0 || Number(/version "(\d+)/.exec(java.stderr)?.[1] ?? 0) < 11) return 'Java'
  if (existsSync(JARS)) return null
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(path.join(CACHE, 'fetching-'))
  try {
    writeFileSync(path.join(folder, 'pom.xml'), POM)
    const goal = ['-B', '-q', 'dependency:copy-dependencies', '-DoutputDirectory=jars', '-DincludeScope=runtime']
    if (spawnSync('mvn', goal, { cwd: folder, timeout: FETCH_MS }).status !== 0) return 'Maven'
    // Another run may have been faster.
    if (!existsSync(JARS)) renameSync(path.join(folder, 'jars'), JARS)
    return null
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function startKafka(): Promise<Kafka> {
  const folder = mkdtempSync(path.join(tmpdir(), 'stall-kafka-'))
  const [port, controller] = [await freePort(), await freePort()]
  const settings = path.join(folder, 'server.properties')
  writeFileSync(settings, propertiesOf(folder, port, controller))
  const formatted = spawnSync(
    'java',
    [...JAVA, 'kafka.tools.StorageTool', 'format', '-t', 'AAAAAAAAAAAAAAAAAAAAAA', '-c', settings],
    { encoding: 'utf8' },
  )
  if (formatted.status !== 0) throw new Error(`Kafka could not make its folder: ${formatted.stderr}`)
  const child = spawn('java', [...JAVA, 'kafka.Kafka', settings], { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder })
  await started(child)
  return {
    url: `kafka://127.0.0.1:${port}`,
    child,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit')
        child.kill('SIGKILL')
        await exited
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function started(child: ChildProcess): Promise<void> {
  let log = ''
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${why}: ${log.slice(-1000)}`))
    const late = setTimeout(() => fail('Kafka did not start'), START_MS)
    const hear = (data: Buffer): void => {
      log = (log + data.toString()).slice(-20_000)
      if (!log.includes('Kafka Server started')) return
      clearTimeout(late)
      resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', (code) => fail(`Kafka ended with ${code}`))
  })
}

function propertiesOf(folder: string, port: number, controller: number): string {
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': path.join(folder, 'data'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'num.partitions': '1',
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
