// The package as npm, pnpm and yarn install it, each in an empty folder, and then the README, command by command.
//
//   npm run installs [-- --with npm,pnpm,yarn]
//
// Nothing but two words is put in: the tarball for the name of the package where it is installed (it may not be
// published), and the pid of a running process for PID.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { blocksOf } from './blocks.mjs'

const ROOT = path.resolve(import.meta.dirname, '../..')
const BIN = path.join(import.meta.dirname, 'node_modules/.bin')
const NAME = 'conductor-stall-agent'
const { values } = parseArgs({ options: { with: { type: 'string', default: 'npm,pnpm,yarn' } } })

const temporary = mkdtempSync(path.join(tmpdir(), 'stall-installs-'))
const env = (folder) => ({
  PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
  HOME: process.env.HOME,
  CONDUCTOR_STALL_DIR: path.join(folder, 'incidents'),
  npm_config_update_notifier: 'false',
  NO_UPDATE_NOTIFIER: '1',
  NO_COLOR: '1',
})

/** To its end, or to `until` in what it says: then it is asked to end. */
async function shell(command, folder, until) {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: folder,
    env: env(folder),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const all = (signal) => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, signal)
    } catch {
      // It has ended.
    }
  }
  let said = ''
  let met = false
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text
      if (until === undefined || met || !until.test(said)) return
      met = true
      all('SIGTERM')
    })
  }
  const timer = setTimeout(() => all('SIGKILL'), 180_000)
  const [code, signal] = await once(child, 'close')
  clearTimeout(timer)
  all('SIGKILL')
  return { code, signal, said, ok: until === undefined ? code === 0 : met }
}

/** What the package manager is for each way in, with the tarball for the name. */
const INSTALLS = {
  npm: (tarball) => `npm install --no-audit --no-fund ${tarball}`,
  pnpm: (tarball) => `${BIN}/pnpm add ${tarball}`,
  yarn: (tarball) => `${BIN}/yarn add ${tarball}`,
}
/** A word of its own, not a part of a package's name; what yarn says of Node and of the folder is not ours. */
const COMPLAINT = /(?<![\w-])(?:warn(?:ing)?|error|ERR_\w+)(?![\w@-])/i
const OF_OTHERS = /No license field|package\.json: No|\bDEP\d{4}\b|trace-deprecation|update available/i

async function follow(manager, tarball) {
  const folder = path.join(temporary, manager)
  mkdirSync(folder)
  const faults = []
  const check = (what, { ok, said, code }) => {
    if (!ok) faults.push(`${what}: exit code ${code}\n${said}`)
  }
  if (manager !== 'npm') writeFileSync(path.join(folder, 'package.json'), '{"name":"app","version":"1.0.0"}\n')
  const installed = await shell(INSTALLS[manager](tarball), folder)
  check('install', installed)
  const complaints = installed.said.split('\n').filter((line) => COMPLAINT.test(line) && !OF_OTHERS.test(line))
  if (complaints.length > 0) faults.push(`install complains: ${complaints.join(' / ')}`)

  const readme = readFileSync(path.join(folder, 'node_modules', NAME, 'README.md'), 'utf8')
  const [snippet] = blocksOf(readme, 'js')
  writeFileSync(path.join(folder, 'worker.js'), snippet)
  const target = spawn(process.execPath, ['worker.js'], { cwd: folder, env: env(folder), stdio: 'ignore' })
  try {
    let followed = 0
    for (const command of blocksOf(readme, 'sh').flatMap((block) => block.trim().split('\n'))) {
      const how = HOW.find(([pattern]) => pattern.test(command))
      if (how === undefined) continue
      followed++
      check(command, await shell(command.replace(/\bPID\b/, String(target.pid)), folder, how[1]))
    }
    if (followed !== HOW.length) faults.push(`the README has ${followed} of ${HOW.length} commands`)
  } finally {
    target.kill('SIGKILL')
  }
  return faults
}

/** The README's commands for whoever installed it, and what each must say before it is ended; none: it ends with 0. */
const HOW = [
  [/^npx -p conductor-stall-agent conductor-diag dump PID$/],
  [/^npx conductor-diag run -- node worker\.js$/, /is watched/],
  [/^node --require conductor-stall-agent worker\.js$/, /watching/],
]

function pack() {
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', temporary], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  return path.join(temporary, readdirSync(temporary).find((name) => name.endsWith('.tgz')) ?? 'none was packed')
}

/** Outside of the project's own node_modules. What can't be had is skipped by name. */
function installManagers() {
  if (existsSync(path.join(BIN, 'pnpm')) && existsSync(path.join(BIN, 'yarn'))) return
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: import.meta.dirname, stdio: 'ignore' })
  } catch {
    // The registry can't be reached.
  }
}

let failed = 0
installManagers()
try {
  const tarball = pack()
  const managers = values.with.split(',')
  await Promise.all(
    managers.map(async (manager) => {
      if (manager !== 'npm' && !existsSync(path.join(BIN, manager))) {
        console.log(`skipped ${manager}: npm ci in test/installers did not bring it`)
        return
      }
      const faults = await follow(manager, tarball)
      if (faults.length > 0) failed++
      console.log(faults.length === 0 ? `ok ${manager}` : `WRONG ${manager}: ${faults.join('\n')}`)
    }),
  )
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1
