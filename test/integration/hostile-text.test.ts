/**
 * A process that puts escape sequences, line breaks and invisible characters into every text it can: none of them
 * reaches a screen, a log line, a report or a file of a bundle as it is.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sealedBundle, temporaryFolder } from '../support/incidents.js'
import { CLI, NODES, PROGRAMS, PROJECT_ROOT } from '../support/nodes.js'

const EVIL = '\u001b]0;owned\u0007\u001b[2J\u009b31m\nFORGED line\r\u202eover\u200bride\u2066'

let temporary: { readonly path: string; remove(): void }
let workers: ChildProcess[]
beforeEach(() => {
  temporary = temporaryFolder('hostile')
  workers = []
})
afterEach(() => {
  for (const worker of workers) worker.kill('SIGKILL')
  temporary.remove()
})

/** What is in a text that may not be there, with what stands around it. */
function faultsIn(name: string, text: string): string[] {
  // eslint-disable-next-line no-control-regex -- those are what is looked for
  const found = text.matchAll(/[^\n\P{Cc}]|[\p{Bidi_C}\u200b\u2060-\u2064\ufeff]|^\s*FORGED/gmu)
  return [...found].map(
    (match) => `${name}: ${JSON.stringify(text.slice(Math.max(0, match.index - 30), match.index + 30))}`,
  )
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Record<string, string> {
  const result = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: process.env['PATH'], HOME: temporary.path, ...env },
  })
  const name = args.map((arg) => (arg.startsWith('/') ? path.basename(arg) : arg)).join(' ')
  return { [`${name} stdout`]: result.stdout, [`${name} stderr`]: result.stderr }
}

function filesOf(folder: string, bundle: string): Record<string, string> {
  const files = readdirSync(path.join(folder, bundle))
  const contents = files.map((file) => [
    `${path.basename(folder)}/${file}`,
    readFileSync(path.join(folder, bundle, file), 'utf8'),
  ])
  return Object.fromEntries(contents) as Record<string, string>
}

function sealedIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9A-Z]{26}$/.test(name)) : []
}

/** A worker of the hostile program with the agent in it; what it says on stderr is collected. */
async function start(node: string, how: string, inside: string, runArgs: readonly string[] = []) {
  const program = path.join(PROGRAMS, 'hostile/worker.cjs')
  const folder = path.join(temporary.path, `files-${how}`)
  mkdirSync(folder)
  const args = [program, folder, how, EVIL]
  const command =
    runArgs.length > 0 ? [CLI, 'run', ...runArgs, '--', node, ...args] : ['--require', PROJECT_ROOT, ...args]
  const child = spawn(node, command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: temporary.path,
      PLAIN_SETTING: EVIL,
      CONDUCTOR_STALL_DIR: inside,
      CONDUCTOR_STALL_SERVICE: `service ${EVIL}`,
      CONDUCTOR_STALL_VERSION: `1.0 ${EVIL}`,
      CONDUCTOR_STALL_LOCALS: '1',
      CONDUCTOR_STALL_WARN_SECONDS: '1',
      CONDUCTOR_STALL_LOG_LEVEL: EVIL,
      CONDUCTOR_STALL_PROFILE_SECONDS: '1',
      CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS: how === 'busy' ? '3' : '0',
    },
  })
  workers.push(child)
  let said = ''
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  const ready = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString()))
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)))
  })
  return { child, ready, said: () => said }
}

// The oldest and the newest: what differs between lines is where names come from, not what becomes of them.
test.each(NODES.filter((_, at) => at === 0 || at === NODES.length - 1))(
  'shows no hostile text as it is, on any screen and in any file, on Node $major',
  async ({ path: node, version }) => {
    const inside = path.join(temporary.path, 'inside')
    const outside = path.join(temporary.path, 'outside')
    const { child, said, ready } = await start(node, 'idle', inside)
    expect(ready).toContain(version)
    await expect.poll(() => sealedIn(inside), { timeout: 60_000, interval: 200 }).toHaveLength(1)
    const pid = String(child.pid)
    const screens = {
      'log of the agent': said(),
      ...run(['dump', pid, '-v', '--locals', '--out', outside]),
      ...run(['dump', pid, '--native'], { FORCE_COLOR: '0' }),
      ...run(['dump', pid, '--json', '--locals']),
      ...run(['dump', pid, '--no-redact', '--stacks-only']),
      ...run(['ps']),
      ...run(['ps', '--json']),
      ...run(['doctor', pid]),
      ...run(['watch', pid, '-n', '2', '-i', '0.1']),
      ...run(['watch', pid, '-n', '1', '--json']),
      ...run(['record', pid, '-d', '0.3', '--format', 'collapsed', '-o', '-']),
      ...run(['record', pid, '-d', '0.3', '-o', '-']),
    }
    const bundles = [inside, outside].map((dir) => ({
      ...run(['ls', '--dir', dir]),
      ...run(['ls', '--json', '--dir', dir]),
      ...run(['show', 'latest', '-v', '--dir', dir]),
      ...run(['show', 'latest', '--json', '--dir', dir]),
      ...run(['show', 'latest', '--markdown', '--dir', dir]),
      ...run(['verify', 'latest', '--dir', dir]),
      ...filesOf(dir, sealedIn(dir)[0] ?? 'none'),
    }))
    const all = Object.assign({}, screens, ...bundles) as Record<string, string>
    // The text is there, so that its absence elsewhere means something.
    expect(all[`dump ${pid} -v --locals --out outside stdout`]).toContain('FORGED')
    expect(all['log of the agent']).toContain('FORGED')
    expect(all['inside/report.md']).toContain('FORGED')
    expect(all['outside/report.md']).toContain('FORGED')
    expect(Object.entries(all).flatMap(([name, text]) => faultsIn(name, text))).toEqual([])
  },
)

test.each([[[]], [['--json']]])(
  'says nothing of it raw under the supervisor %j, which ends the worker',
  async (flags) => {
    const inside = path.join(temporary.path, 'inside')
    const { child, said } = await start(process.execPath, 'busy', inside, ['--no-restart', ...flags])
    await new Promise((resolve) => child.once('exit', resolve))
    expect(said()).toContain('FORGED')
    expect(said()).toContain('ended after')
    expect(faultsIn('run', said())).toEqual([])
  },
)

test('shows no hostile text of a bundle that somebody made up', () => {
  const bundle = sealedBundle(temporary.path)
  const file = path.join(bundle, 'incident.json')
  const replaced = JSON.parse(readFileSync(file, 'utf8'), (key, value: unknown) =>
    typeof value === 'string' && !/^(?:id|sha256|createdAt|sealedAt|startTime)$/.test(key) ? `${value}${EVIL}` : value,
  ) as Record<string, unknown>
  writeFileSync(file, JSON.stringify({ ...replaced, redacted: { [EVIL]: 1 }, notes: [EVIL], fingerprint: EVIL }))
  writeFileSync(path.join(bundle, 'more\u001b[2J'), '')
  const renamed = path.join(temporary.path, `dir ${EVIL.replaceAll('/', '')}`)
  cpSync(bundle, renamed, { recursive: true })
  const id = path.basename(bundle)
  const env = { CONDUCTOR_STALL_DIR: temporary.path }
  const all = {
    ...run(['ls'], env),
    ...run(['show', id, '-v'], env),
    ...run(['show', id, '--markdown'], env),
    ...run(['show', id, '--json'], env),
    ...run(['verify', id], env),
    ...run(['verify', renamed], env),
    ...run(['show', renamed, '-v'], env),
    ...run(['show', `/nowhere/${EVIL}`], env),
    ...run(['show', EVIL], env),
    ...run([EVIL], env),
    ...run(['dump', EVIL], env),
    ...run(['ls', '--dir', `${temporary.path}/${EVIL}`], env),
    ...run(['prune', '--dry-run', '--max-mb', EVIL], env),
  }
  expect(Object.values(all).join('')).toContain('FORGED')
  expect(Object.entries(all).flatMap(([name, text]) => faultsIn(name, text))).toEqual([])
})
