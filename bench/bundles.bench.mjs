// An incident from the notice to its bundle, and the commands that read bundles, in folders of 10 to 1,000 of them.
import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, PRELOAD, ROOT, round } from './measure.mjs'

export const title = 'Bundles: writing one, and reading many'

const DIAG = path.join(ROOT, 'bin/conductor-diag.js')
const FIXTURES = path.join(ROOT, 'test/fixtures/bundles')
const KEPT = path.join(FIXTURES, 'schema-1/01M8JH5KFWYRCX7VMKB7VC45SP')
const SEALED = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const WAIT_MS = 60_000

export async function run({ quick, progress }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bundles-bench-'))
  try {
    const captures = []
    for (let i = 0; i < (quick ? 2 : 5); i++) {
      progress(`capture ${i + 1}`)
      captures.push(await capture(path.join(folder, `capture-${i}`)))
    }
    const last = captures.at(-1)
    const page = path.join(folder, 'page.html')
    spawnSync(process.execPath, [DIAG, 'report', last.bundle, '--out', page])
    return [
      aimed('notice to the first artifact on disk', median(captures.map((each) => each.firstMs)), 'ms', 100),
      aimed('last artifact to sealed', median(captures.map((each) => each.sealMs)), 'ms', 1000),
      aimed('report.html', statSync(page).size / 1e6, 'MB', 1.5),
      ...reading(folder, quick, progress),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function aimed(what, value, unit, most) {
  return { what, value: round(value, unit === 'MB' ? 2 : 0), unit, aim: `${most} ${unit}`, ok: value <= most }
}

/** A worker that computes for ever. Times are those of the files, against the wall clock of the notice. */
async function capture(folder) {
  const bundles = path.join(folder, 'bundles')
  mkdirSync(path.join(folder, 'node_modules'), { recursive: true })
  symlinkSync(ROOT, path.join(folder, 'node_modules/conductor-stall-agent'))
  for (const file of ['worker.js', 'wedges.js', 'mutex.js']) cpSync(path.join(FIXTURES, file), path.join(folder, file))
  const worker = spawn(process.execPath, ['--require', PRELOAD, path.join(folder, 'worker.js'), 'computing'], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH, HOME: folder, CONDUCTOR_STALL_DIR: bundles, CONDUCTOR_STALL_PROFILE_SECONDS: '0.5' },
  })
  try {
    const bundle = await sealedIn(bundles)
    const manifest = JSON.parse(readFileSync(path.join(bundle, 'incident.json'), 'utf8'))
    // report.md belongs to sealing: it is made from what was captured.
    const captured = manifest.artifacts.filter(({ name }) => name !== 'report.md')
    const times = captured.map(({ name }) => statSync(path.join(bundle, name)).mtimeMs)
    return {
      bundle,
      firstMs: Math.min(...times) - manifest.stall.noticedAt,
      // The folder's last change is that its helpers went, right before it was renamed.
      sealMs: statSync(bundle).mtimeMs - Math.max(...times),
    }
  } finally {
    worker.kill('SIGKILL')
  }
}

async function sealedIn(bundles) {
  for (const deadline = performance.now() + WAIT_MS; performance.now() < deadline; await sleep(50)) {
    const name = names(bundles).find((each) => SEALED.test(each))
    if (name !== undefined) return path.join(bundles, name)
  }
  throw new Error(`no bundle was sealed in ${WAIT_MS} ms`)
}

function names(folder) {
  try {
    return readdirSync(folder)
  } catch {
    // Made with the first incident.
    return []
  }
}

function reading(folder, quick, progress) {
  const bundles = path.join(folder, 'many')
  let made = 0
  return [10, 100, 1000].flatMap((count) => {
    progress(`${count} bundles`)
    for (; made < count; made++) copyAs(bundles, idOf(made))
    const ls = timed(['ls', '--dir', bundles], quick)
    const page = timed(['report', idOf(0), '--dir', bundles, '--out', path.join(folder, 'one.html')], quick)
    return [
      count === 1000
        ? aimed(`ls of ${count}`, ls, 'ms', 500)
        : { what: `ls of ${count}`, value: round(ls, 0), unit: 'ms' },
      { what: `report, one of ${count}`, value: round(page, 0), unit: 'ms' },
    ]
  })
}

/** The kept bundle under another id: its manifest names it, and `ls` reads the manifest. */
function copyAs(bundles, id) {
  const to = path.join(bundles, id)
  cpSync(KEPT, to, { recursive: true })
  const manifest = path.join(to, 'incident.json')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(path.basename(KEPT), id))
}

function idOf(number) {
  return `01M8JH5KFWYRCX7VMKB7V${CROCKFORD[(number >> 10) & 31]}${CROCKFORD[(number >> 5) & 31]}${CROCKFORD[number & 31]}00`
}

/** Whole commands, from the shell's point of view. */
function timed(args, quick) {
  const times = Array.from({ length: quick ? 3 : 7 }, () => {
    const startMs = performance.now()
    const { status, stderr } = spawnSync(process.execPath, [DIAG, ...args], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`)
    return performance.now() - startMs
  })
  return median(times)
}
