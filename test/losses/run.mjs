// What is lost of a capture that is cut off: the same bundle is written again and again, and each time another one of its
// file calls kills the process or finds the disk full; then on real disks of many sizes, by two processes in one folder
// with a small limit, and by real workers that are killed at random moments. Lost: an artifact that the writer said was
// written and that can't be read back, byte for byte. Wrong: a sealed bundle that `verify` finds fault with.
// usage: npm run losses [-- --every N] [--workers N] [--json]
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const require = createRequire(import.meta.url)
const ROOT = path.resolve(import.meta.dirname, '../..')
const { folderBytes, listBundles } = require(path.join(ROOT, 'build/incident/bundle-list.js'))
const { readArtifact, readBundle, verifyBundle } = require(path.join(ROOT, 'build/incident/bundle-reader.js'))
const { sealLeftovers } = require(path.join(ROOT, 'build/incident/leftovers.js'))

const BUNDLES = path.join(ROOT, 'test/fixtures/bundles')
const SOURCE = path.join(BUNDLES, 'schema-1/01M8JH55NN062BZW8EHF3NTXWM')
const REPLAY = path.join(import.meta.dirname, 'replay.cjs')
const SIZES = ['8k', '16k', '32k', '64k', '128k', '256k', '300k', '320k', '340k', '360k', '384k', '448k', '512k', '1m']

const { values } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    workers: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
    // On a disk of its own: what `written` says was written is looked for there.
    check: { type: 'string' },
  },
})

/** One attempt's answer; `state`: what was there before the next start looked after it. */
function check(directory, lines) {
  const found = { lost: 0, wrong: 0, partial: 0, sealed: 0, nothing: 0 }
  const byId = new Map()
  for (const { id, written } of lines) {
    if (written !== undefined) byId.set(id, [...(byId.get(id) ?? []), written])
  }
  const before = listBundles([directory])
  for (const { state } of before) found[state]++
  if (before.length === 0) found.nothing++
  const lookAt = (entries) => {
    const known = new Set(entries.map(({ id }) => id))
    for (const [id, names] of byId) if (!known.has(id)) found.lost += names.length
    for (const entry of entries) {
      const bundle = readBundle(entry.path)
      for (const name of byId.get(entry.id) ?? []) if (!isWhole(bundle, name)) found.lost++
      if (entry.state === 'sealed' && verifyBundle(entry.path).problems.length > 0) found.wrong++
    }
  }
  lookAt(before)
  // The next start of a worker seals what was cut off: then it has to be whole again.
  sealLeftovers(directory, () => false)
  lookAt(listBundles([directory]))
  return found
}

function isWhole(bundle, name) {
  try {
    return readArtifact(bundle, name).equals(readFileSync(path.join(SOURCE, name)))
  } catch {
    return false
  }
}

function linesOf(stdout) {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

function replay(directory, ...args) {
  const ran = spawnSync(process.execPath, [REPLAY, SOURCE, directory, ...args], { encoding: 'utf8' })
  if (ran.status !== 0 && ran.signal !== 'SIGKILL') throw new Error(`${args.join(' ')}: ${ran.stderr}`)
  return linesOf(ran.stdout)
}

function add(row, found) {
  row.attempts++
  for (const [key, count] of Object.entries(found)) row[key] += count
}

const newRow = (what) => ({ what, attempts: 0, nothing: 0, partial: 0, sealed: 0, lost: 0, wrong: 0 })

function atEachCall(folder, what, mode, calls, every) {
  const row = newRow(what)
  for (let at = 1; at <= calls; at += every) {
    const directory = path.join(folder, `${mode}-${at}`)
    mkdirSync(directory)
    add(row, check(directory, replay(directory, mode, String(at))))
    rmSync(directory, { recursive: true })
    progress(`${what}: ${at} of ${calls}`)
  }
  return row
}

/** A tmpfs of each size, in a mount namespace of its own; nothing where that is not allowed. */
function onSmallDisks(folder, every) {
  if (spawnSync('unshare', ['-m', 'true']).status !== 0) return []
  const row = newRow('a disk of 8 KiB to 1 MiB that fills up')
  const script = `mount -t tmpfs -o size="$5" none "$4" && "$0" "$2" "$3" "$4" none > "$4.lines" && "$0" "$1" --check "$4"`
  for (const size of SIZES.filter((_, index) => index % Math.min(every, 4) === 0)) {
    const directory = path.join(folder, `disk-${size}`)
    mkdirSync(directory)
    const args = ['-m', 'sh', '-c', script, process.execPath, import.meta.filename, REPLAY, SOURCE, directory, size]
    const ran = spawnSync('unshare', args, { encoding: 'utf8' })
    if (ran.status !== 0) throw new Error(`${size}: ${ran.stderr}`)
    add(row, JSON.parse(ran.stdout))
    progress(`disk of ${size}`)
  }
  return [row]
}

/** Both write and both remove, with room for three bundles. */
async function twoInOneFolder(folder, captures, bundleBytes) {
  const row = newRow('two processes, one folder, room for three bundles')
  const directory = path.join(folder, 'two')
  mkdirSync(directory)
  const room = String(3 * bundleBytes)
  const writers = [1, 2].map(async () => {
    const args = [REPLAY, SOURCE, directory, 'none', '0', String(captures), room]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let stdout = ''
    child.stdout.on('data', (chunk) => (stdout += chunk))
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`a writer ended with ${code}`)
    return linesOf(stdout)
  })
  const lines = (await Promise.all(writers)).flat()
  const seals = lines.filter(({ seal }) => seal !== undefined)
  row.attempts = 2 * captures
  // Each capture was sealed, whatever the other one removed meanwhile.
  row.lost = 2 * captures - seals.filter(({ seal }) => seal === 'sealed').length
  const left = listBundles([directory])
  row.sealed = left.filter(({ state }) => state === 'sealed').length
  row.partial = left.length - row.sealed
  for (const { path: bundle } of left) if (verifyBundle(bundle).problems.length > 0) row.wrong++
  const newest = seals.reduce((last, { id }) => (id > last ? id : last), '')
  if (!left.some(({ id }) => id === newest)) row.lost++
  return row
}

/** A worker that computes for ever is killed at a random moment of its real capture. */
async function killedWorkers(folder, count) {
  const row = newRow('a real worker killed at a random moment of its capture')
  const home = path.join(folder, 'app')
  mkdirSync(path.join(home, 'node_modules'), { recursive: true })
  symlinkSync(ROOT, path.join(home, 'node_modules/conductor-stall-agent'))
  for (const file of ['worker.js', 'wedges.js', 'mutex.js']) cpSync(path.join(BUNDLES, file), path.join(home, file))
  for (let i = 0; i < count; i++) {
    const directory = path.join(folder, `worker-${i}`)
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      CONDUCTOR_STALL_DIR: directory,
      CONDUCTOR_STALL_PROFILE_SECONDS: '0.5',
    }
    const args = ['--require', path.join(ROOT, 'dist/index.js'), path.join(home, 'worker.js'), 'computing']
    const worker = spawn(process.execPath, args, { stdio: 'ignore', env })
    const ended = once(worker, 'exit')
    for (const until = Date.now() + 60_000; listBundles([directory]).length === 0 && Date.now() < until;) await sleep(5)
    await sleep(Math.random() * 3000)
    // What was there a moment before the kill is there after it.
    const [entry] = listBundles([directory])
    const names = entry === undefined ? [] : artifactsOf(entry)
    worker.kill('SIGKILL')
    await ended
    add(row, checkKilled(directory, names))
    rmSync(directory, { recursive: true })
    progress(`worker ${i + 1} of ${count}`)
  }
  return row
}

function artifactsOf({ path: folder }) {
  try {
    return readBundle(folder).manifest.artifacts
  } catch {
    // Sealed under its other name in between.
    const [entry] = listBundles([path.dirname(folder)])
    return entry === undefined ? [] : readBundle(entry.path).manifest.artifacts
  }
}

function checkKilled(directory, artifacts) {
  const found = check(directory, [])
  const [entry] = listBundles([directory])
  const now = entry === undefined ? [] : readBundle(entry.path).manifest.artifacts
  for (const { name, sha256 } of artifacts) {
    // The report is made at the end, anew.
    if (name !== 'report.md' && !now.some((each) => each.name === name && each.sha256 === sha256)) found.lost++
  }
  return found
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

async function main() {
  const folder = mkdtempSync(path.join(tmpdir(), 'losses-'))
  try {
    const every = Number(values.every)
    const first = path.join(folder, 'first')
    mkdirSync(first)
    const calls = replay(first, 'count').at(-1).calls
    const rows = [
      atEachCall(folder, 'kill -9 at a file call, in the middle of a write', 'kill', calls, every),
      atEachCall(folder, 'the disk full for one call', 'full-once', calls, every),
      atEachCall(folder, 'the disk full from a call on', 'full-from', calls, every),
      ...onSmallDisks(folder, every),
      await twoInOneFolder(folder, Math.max(3, Math.round(50 / every)), folderBytes(listBundles([first])[0].path)),
    ]
    const workers = Number(values.workers)
    if (workers > 0) rows.push(await killedWorkers(folder, workers))
    progress('')
    print({ calls, every, rows })
    if (rows.some(({ lost, wrong }) => lost + wrong > 0)) process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function print({ calls, every, rows }) {
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ calls, every, rows }, null, 1)}\n`)
    return
  }
  const line = (cells) => process.stdout.write(`| ${cells.join(' | ')} |\n`)
  process.stdout.write(
    `A capture of 29 artifacts makes ${calls} file calls; every ${every === 1 ? '' : `${every}th `}one was tried.\n\n`,
  )
  line(['what happens', 'attempts', 'nothing yet', 'left unsealed', 'sealed', 'artifacts lost', 'sealed wrong'])
  line(Array.from({ length: 7 }, () => '---'))
  for (const row of rows) line([row.what, row.attempts, row.nothing, row.partial, row.sealed, row.lost, row.wrong])
}

if (values.check !== undefined) {
  const lines = existsSync(`${values.check}.lines`) ? linesOf(readFileSync(`${values.check}.lines`, 'utf8')) : []
  process.stdout.write(JSON.stringify(check(values.check, lines)))
} else {
  await main()
}
