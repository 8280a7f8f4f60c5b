/** Debian's redis-server on a free port of loopback, with nothing kept on disk. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from './free-port.js'

export interface Redis {
  readonly url: string
  readonly port: number
  readonly child: ChildProcess
  stop(): Promise<void>
}

/** What `describe.skipIf` needs: one clear word in the report, and no failure, where it is not installed. */
export const HAS_REDIS = spawnSync('redis-server', ['--version']).status === 0

/** @param at a port where it was before; else a free one */
export async function startRedis(at?: number): Promise<Redis> {
  const port = at ?? (await freePort())
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', flags, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('redis-server did not start in 20 s')), 20_000)
    child.stdout?.on('data', (data: Buffer) => {
      if (!data.toString().includes('Ready to accept connections')) return
      clearTimeout(late)
      resolve()
    })
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)))
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}
