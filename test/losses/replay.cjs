// Writes the bundle SOURCE once more into DIRECTORY with the built writer, and has one of its file calls fail or kill it.
// replay.cjs SOURCE DIRECTORY none|count|kill|full-once|full-from N [CAPTURES MAX_BYTES]
// One line on stdout for each artifact that the writer says is written, one for each seal; they are there when it dies.
const fs = require('node:fs')
const path = require('node:path')
const [source, directory, mode, at = '0', captures = '1', maxBytes = ''] = process.argv.slice(2)
const built = path.join(__dirname, '../../build')
const { openBundle } = require(path.join(built, 'incident/bundle-writer.js'))
const { applyRetention } = require(path.join(built, 'incident/retention.js'))
const { isWriterAlive } = require(path.join(built, 'incident/writer-alive.js'))

const say = (line) => real.writeSync(1, `${JSON.stringify(line)}\n`)
const real = { ...fs }
/** What a capture does to a disk; of these a full one fails the first four. */
const CALLS = ['mkdirSync', 'openSync', 'writeSync', 'renameSync', 'fsyncSync', 'closeSync', 'unlinkSync']
const FILL = new Set(['mkdirSync', 'writeSync'])
let calls = 0

function fail(name) {
  throw Object.assign(new Error(`ENOSPC: no space left on device, ${name.replace('Sync', '')}`), { code: 'ENOSPC' })
}

function breakFiles() {
  for (const name of CALLS) {
    fs[name] = (...args) => {
      calls++
      const creates = name === 'openSync' && typeof args[1] === 'number' && (args[1] & fs.constants.O_CREAT) !== 0
      const takesSpace = FILL.has(name) || creates
      // In the middle of it, where it has a middle: half of the bytes are there.
      if (mode === 'kill' && calls === Number(at)) {
        if (name === 'writeSync') real.writeSync(args[0], args[1].subarray(0, args[1].length >> 1))
        process.kill(process.pid, 'SIGKILL')
      }
      if (mode === 'full-once' && calls === Number(at) && takesSpace) fail(name)
      if (mode === 'full-from' && calls >= Number(at) && takesSpace) fail(name)
      return real[name](...args)
    }
  }
}

const manifest = JSON.parse(fs.readFileSync(path.join(source, 'incident.json'), 'utf8'))
const artifacts = manifest.artifacts
  .filter(({ name }) => name !== 'report.md')
  .map((record) => ({ ...record, bytes: fs.readFileSync(path.join(source, record.name)) }))
const report = fs.readFileSync(path.join(source, 'report.md'), 'utf8')

if (mode !== 'none') breakFiles()
for (let i = 0; i < Number(captures); i++) {
  const writer = openBundle({
    directories: [{ path: directory, from: 'CONDUCTOR_STALL_DIR', shared: false }],
    writer: { pid: process.pid, startTicks: null },
    process: manifest.process,
    stall: manifest.stall,
  })
  if (writer instanceof Error) {
    say({ refused: writer.code })
    continue
  }
  for (const { name, bytes, engine, tookMs, pausedMs } of artifacts) {
    const { status } = writer.addArtifact(name, bytes, { engine, tookMs, pausedMs })
    if (status === 'written') say({ id: writer.id, written: name })
  }
  const sealed = writer.seal({ ...manifest, report: () => report })
  say({ id: writer.id, seal: sealed.status })
  if (maxBytes !== '') {
    applyRetention({ directory, maxBytes: Number(maxBytes), isAlive: isWriterAlive })
  }
}
say({ calls })
