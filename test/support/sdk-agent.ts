/** A worker on the real SDK with the whole agent inside, warned of after two seconds. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { IncidentManifest } from '../../src/model/incident.js'
import type { ConductorServer } from './conductor-server.js'
import { PROJECT_ROOT, type NodeBinary } from './nodes.js'
import { sdkFolder } from './sdk-worker.js'

export interface SdkAgent {
  readonly exit: Promise<number | null>
  readonly log: () => string
  readonly incidents: () => IncidentManifest[]
  end(): Promise<void>
}

export interface SdkAgentOptions {
  readonly node: NodeBinary
  readonly server: ConductorServer
  /** Where bundles go. */
  readonly dir: string
  /** A line of the SDK; 4.0.0 when left out. */
  readonly sdk?: string
  readonly env: Readonly<Record<string, string>>
}

export function startSdkAgent({ node, server, dir, sdk, env }: SdkAgentOptions): SdkAgent {
  const preload = ['--require', path.join(PROJECT_ROOT, 'dist/index.js')]
  const child = spawn(node.path, [...preload, path.join(sdkFolder(sdk), 'worker.cjs')], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      CONDUCTOR_SERVER_URL: server.url,
      CONDUCTOR_STALL_DIR: dir,
      CONDUCTOR_STALL_WARN_SECONDS: '2',
      CONDUCTOR_STALL_POLL_SUCCESS_WARN_SECONDS: '2',
      CONDUCTOR_STALL_PROFILE_SECONDS: '0.3',
      CONDUCTOR_STALL_COOLDOWN_SECONDS: '0',
      ...env,
    },
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (log += data.toString()))
  const exit = once(child, 'exit').then(([code]) => code as number | null)
  return {
    exit,
    log: () => log,
    incidents: () =>
      readdirSync(dir)
        .map((name) => path.join(dir, name, 'incident.json'))
        .filter((file) => existsSync(file))
        .map((file) => JSON.parse(readFileSync(file, 'utf8')) as IncidentManifest),
    end: async () => {
      child.kill('SIGKILL')
      await exit
    },
  }
}
