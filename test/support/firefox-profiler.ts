/** The Firefox profiler's own code on a profile: Mozilla's `profiler-cli`, whose server is started here and ended here. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PROJECT_ROOT } from './nodes.js'

const CLI = path.join(PROJECT_ROOT, 'test/viewers/node_modules/@firefox-devtools/profiler-cli/dist/profiler-cli.js')
const LIMIT_MS = 90_000

/** It wants 24 or later. */
const NODE = path.join(PROJECT_ROOT, 'test/nodes/node_modules/node24/bin/node')

/** Answers of the profiler to one of its commands, as JSON. */
export type Ask = (...args: readonly string[]) => Promise<Record<string, unknown>>

export async function withFirefoxProfiler<T>(file: string, act: (ask: Ask) => Promise<T>): Promise<T> {
  // A socket lies in it, whose path has to be short.
  const folder = mkdtempSync(path.join(tmpdir(), 'pq-'))
  const env = { PATH: process.env['PATH'], HOME: folder, PROFILER_CLI_SESSION_DIR: folder }
  const server = spawn(NODE, [CLI, '--daemon', file, '--session', 'test'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  server.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')))
  const ended = once(server, 'exit')
  const ask: Ask = (...args) =>
    new Promise((resolve, reject) => {
      execFile(NODE, [CLI, ...args, '--session', 'test', '--json'], { env, maxBuffer: 1e8 }, (error, out, err) => {
        if (error === null) resolve(JSON.parse(out) as Record<string, unknown>)
        else reject(new Error(`${args.join(' ')}: ${err || error.message} ${said}`))
      })
    })
  try {
    for (const deadline = Date.now() + LIMIT_MS; ;) {
      try {
        await ask('profile', 'info')
        break
      } catch (thrown) {
        if (Date.now() > deadline || server.exitCode !== null) throw thrown
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return await act(ask)
  } finally {
    server.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}
