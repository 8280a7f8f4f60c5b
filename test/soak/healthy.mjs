// Healthy programs under the defaults: servers that idle, a timer, bursts of 30 s of computing, a batch job in slices. None may
// be ended; bursts may leave evidence.
//
//   npm run soak:healthy -- --minutes 30
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

const ROOT = path.resolve(import.meta.dirname, '../..')
const SERVER = path.join(ROOT, 'test/servers/server.cjs')
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } })
const SLICES = `(function slice() { const end = performance.now() + 2000; while (performance.now() < end); setImmediate(slice) })()`
const PROGRAMS = [
  { name: 'http server that idles', args: [SERVER, 'http'], env: {} },
  { name: 'Express server that idles', args: [SERVER, 'express'], env: {} },
  { name: 'Fastify server that idles', args: [SERVER, 'fastify'], env: {} },
  { name: 'timer', args: [SERVER, 'interval'], env: {} },
  { name: 'bursts of 30 s of computing', args: [SERVER, 'http'], env: { TEST_BURST_SECONDS: '30' } },
  { name: 'batch job in slices of 2 s', args: ['-e', SLICES], env: {} },
]

const running = PROGRAMS.map(({ name, args, env }) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'stall-healthy-'))
  const child = spawn(process.execPath, ['--require', path.join(ROOT, 'dist/index.js'), ...args], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH, HOME: dir, CONDUCTOR_STALL_DIR: dir, ...env },
  })
  return { name, child, dir }
})
await new Promise((resolve) => setTimeout(resolve, Number(values.minutes) * 60_000))
let faults = 0
for (const { name, child, dir } of running) {
  const ended = child.exitCode ?? child.signalCode
  const bundles = readdirSync(dir).filter((entry) => /^[0-9A-Z]{26}$/.test(entry)).length
  if (ended !== null) faults++
  console.log(`${ended === null ? 'alive' : `ENDED (${ended})`}  ${bundles} bundles  ${name}`)
  child.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
}
console.log(faults === 0 ? 'ok' : `FAULTS: ${faults}`)
process.exitCode = faults === 0 ? 0 : 1
