// Processes that are made to keep a reader of their memory busy, each looked at by `dump PID`: how long it took, how much
// memory it had at most, and what it said that it left out.
//
//   npm run hostile-memory                     all, on Node 20, as a table
//   npm run hostile-memory -- --node 26 --only 'chain of' --scale 0.1
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

const ROOT = path.resolve(import.meta.dirname, '../..')
const { values } = parseArgs({
  options: {
    node: { type: 'string', default: '20' },
    only: { type: 'string' },
    scale: { type: 'string', default: '1' },
  },
})
const NODE = path.join(ROOT, `test/nodes/node_modules/node${values.node}/bin/node`)
/** What is promised, on a machine that has a core to spare. */
const MOST_SECONDS = 90
const MOST_MB = 1500

const CASES = [
  ['chain of promises', 1e6],
  ['chain of awaits', 1e6],
  ['pending awaits', 1e6],
  ['pending awaits of one promise', 1e6],
  ['ring of awaits', 1e5],
  ['ring of contexts', 1e6],
  ['timers', 1e5],
  ['awaited timers', 1e5],
  ['UDP handles', 1e5],
  ['sockets', 1e5],
  ['name of a function', 1e8],
  ['name of a file', 1e8],
  ['source of a script', 1e8],
  ['local strings', 1e8],
  ['string of a million pieces', 1e6],
  ['URL of a request', 1e7],
  ['chain of prototypes', 1e6],
  ['nested locals', 1e6],
  ['many functions', 1e5],
  ['many threads', 50],
  ['deep stack', 5000],
  ['lent members', 1e6],
  ['waiters for a lent member', 1e5],
  ['pools', 1e4],
  ['holders of a lent member', 1e6],
  ['chain to a lent member', 1e6],
  ['ring of lent members', 1000],
  ['properties of a lent member', 1e6],
  ['members of garbage', 1e6],
  ['names of a lent member', 1e7],
  ['takings of a lent member', 2e4],
  ['braces around a taking', 500],
  ['a line of takings', 5e4],
  ['comments around a taking', 4e4],
  ['ways out of a taking', 3e4],
]

/** As many descriptors and as large a stack as the machine allows. */
const UNLIMITED = 'ulimit -n $(ulimit -Hn); ulimit -s unlimited 2>/dev/null; exec "$0" "$@"'

/** Ready when it says so; with what it says it made. */
function start(name, count) {
  const program = path.join(import.meta.dirname, 'programs.cjs')
  const argv = [NODE, '--max-old-space-size=8000', program, name, String(count)]
  const child = spawn('bash', ['-c', UNLIMITED, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (data) => resolve({ child, made: Number(data.toString().split(' ')[1]) || count }))
    child.once('exit', (code, signal) => reject(new Error(`${name} ended with ${signal ?? code}`)))
  })
}

/** `--json` is not short: it says all that was left out. */
function look(pid, folder) {
  const peak = path.join(folder, 'peak')
  const args = ['--require', path.join(import.meta.dirname, 'peak.cjs'), path.join(ROOT, 'bin/conductor-diag.js')]
  const started = performance.now()
  const child = spawn(process.execPath, [...args, 'dump', String(pid), '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PEAK_TO: peak },
  })
  const chunks = []
  child.stdout.on('data', (chunk) => chunks.push(chunk))
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += chunk))
  return new Promise((resolve) =>
    child.once('close', (code) => {
      const seconds = (performance.now() - started) / 1000
      const text = Buffer.concat(chunks).toString()
      resolve({ code, seconds, peakMb: Number(readFileSync(peak, 'utf8')) / 1024, text, stderr })
    }),
  )
}

function leftOut(text) {
  try {
    const { awaits, awaitNotes, missing } = JSON.parse(text)
    const parts = (missing ?? []).filter(({ what }) => what !== 'cpu-profile')
    const said = [...awaitNotes, ...parts.map(({ what, why }) => `no ${what}: ${why}`)]
    const unsearched = (awaits ?? []).filter(({ waitsFor }) => waitsFor?.cutShort === true).length
    if (unsearched > 0) said.push(`places whose wait was not searched: ${unsearched}`)
    return said.join('; ') || 'nothing'
  } catch {
    return 'NO JSON'
  }
}

const row = (cells) => `| ${cells.join(' | ')} |`
const HEAD = ['process', 'how many', 'seconds', 'memory at most (MB)', 'what it says that it left out']
console.log([row(HEAD), row(HEAD.map(() => '---'))].join('\n'))
let faults = 0
for (const [name, most] of CASES) {
  if (values.only && !name.includes(values.only)) continue
  const { child, made } = await start(name, Math.max(1, Math.round(most * Number(values.scale))))
  const folder = mkdtempSync(path.join(tmpdir(), 'hostile-memory-'))
  const { code, seconds, peakMb, text, stderr } = await look(child.pid, folder)
  child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
  console.log(row([name, made.toLocaleString('en'), seconds.toFixed(1), Math.round(peakMb), leftOut(text)]))
  const fault = code !== 0 || seconds > MOST_SECONDS || peakMb > MOST_MB || /^\s+at /m.test(stderr)
  if (fault) console.error(`${name}: code ${code}, ${seconds.toFixed(1)} s, ${Math.round(peakMb)} MB\n${stderr}`)
  if (fault) faults += 1
}
console.log(faults === 0 ? 'ok' : `FAULTS: ${faults}`)
process.exitCode = faults === 0 ? 0 : 1
