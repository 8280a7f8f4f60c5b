/** The commands that work on bundles, as people run them. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bundleIn, sealedBundle, temporaryFolder } from '../support/incidents.js'
import { CLI, NODES } from '../support/nodes.js'

let temporary: { readonly path: string; remove(): void }
let first: string
let second: string

beforeEach(() => {
  temporary = temporaryFolder('cli-bundles')
  first = path.basename(sealedBundle(temporary.path))
  second = path.basename(sealedBundle(temporary.path))
})
afterEach(() => temporary.remove())

interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(args: readonly string[], options: { node?: string; env?: Record<string, string> } = {}): Run {
  const env = {
    PATH: process.env['PATH'],
    // Neither the bundles nor the settings of whoever runs the tests.
    HOME: path.join(temporary.path, 'home'),
    CONDUCTOR_STALL_DIR: temporary.path,
    ...options.env,
  }
  return spawnSync(options.node ?? process.execPath, [CLI, ...args], { encoding: 'utf8', env, timeout: 30_000 })
}

test.each(NODES)('lists, shows and verifies on Node $major', ({ path: node, version }) => {
  const list = run(['ls', '--json'], { node })
  expect(list).toMatchObject({ status: 0, stderr: '' })
  expect(JSON.parse(list.stdout)).toMatchObject({
    total: 2,
    bundles: [
      { id: second, state: 'sealed', service: 'invoices', verdict: { kind: 'computing', cause: 'regexp' } },
      { id: first },
    ],
  })
  const shown = run(['show', 'latest', '--json'], { node })
  expect(JSON.parse(shown.stdout)).toMatchObject({ schema: 1, id: second, path: path.join(temporary.path, second) })
  expect(run(['verify', first, second], { node })).toMatchObject({ status: 0, stderr: '' })
  const asked = spawnSync(node, ['-p', 'process.version'], { encoding: 'utf8' })
  expect(asked.stdout.trim()).toBe(version)
})

test('shows an incident to a person, without colours where they are not wanted', () => {
  const { status, stdout } = run(['show', second.slice(0, 26).toLowerCase()], {
    env: { FORCE_COLOR: '1', NO_COLOR: '1' },
  })
  expect(status).toBe(0)
  expect(stdout).toContain('computing/regexp')
  // eslint-disable-next-line no-control-regex -- colours are what must not be there
  expect(stdout).not.toMatch(/\u001b/)
  // eslint-disable-next-line no-control-regex -- and here they are
  expect(run(['show'], { env: { FORCE_COLOR: '1' } }).stdout).toMatch(/\u001b/)
})

test.each([
  [['show', 'ZZZZ'], 66, /ERR_STALL_BUNDLE_NOT_FOUND/],
  [['show', '0'], 64, /2 bundles begin with 0/],
  [['ls', '--dir', './no-such-folder'], 66, /no folder/],
  [['ls', '--limit', 'many'], 64, /whole number/],
  [['prune', '--max-mb', '-1'], 64, /number from 0/],
  [['verify', './nothing'], 66, /no bundle at/],
  [['show', '--nonsense'], 64, /unknown option '--nonsense' \(ERR_STALL_USAGE\)\n {2}conductor-diag show --help\n$/],
  [['shw'], 64, /unknown command 'shw' \(ERR_STALL_USAGE\)\n {2}Did you mean show\?/],
  [[], 64, /^First steps:\n[^]{0,400}conductor-diag: no command was given \(ERR_STALL_USAGE\)\n/],
  [['watch'], 64, /missing required argument 'pid' \(ERR_STALL_USAGE\)/],
  [['dump'], 64, /which process\? \(ERR_STALL_USAGE\)\n {2}conductor-diag dump PID\n$/],
])('%j ends with %d and says why on stderr', (args, status, message) => {
  const result = run(args)
  expect(result).toMatchObject({ status, stdout: '' })
  expect(result.stderr).toMatch(message)
})

test('says which file is corrupt and ends with 65', () => {
  writeFileSync(path.join(temporary.path, first, 'kernel.json'), 'changed')
  const result = run(['verify', first])
  expect(result).toMatchObject({ status: 65 })
  expect(result.stdout).toMatch(/CORRUPT\n {2}kernel\.json has 7 bytes, not 14\n$/)
  const shown = run(['show', first])
  expect(shown).toMatchObject({ status: 65, stdout: expect.stringContaining('computing/regexp') })
  expect(shown.stderr).toBe('conductor-diag: kernel.json has 7 bytes, not 14 (ERR_STALL_BUNDLE_CORRUPT)\n')
  writeFileSync(path.join(temporary.path, first, 'incident.json'), '{')
  const torn = run(['show', first])
  expect(torn).toMatchObject({ status: 65, stdout: expect.stringMatching(/ DAMAGED\n[^]*stacks\.json/) })
  expect(torn.stderr).toMatch(/incident\.json is no JSON object \(ERR_STALL_BUNDLE_CORRUPT\)/)
  expect(run(['verify', first])).toMatchObject({
    status: 65,
    stdout: expect.stringMatching(/incident\.json is no JSON object\n {2}kernel\.json has another SHA-256/),
  })
  const list = run(['ls'])
  expect(list.status).toBe(0)
  expect(list.stdout).toMatch(/unreadable +incident\.json of \w+ is no JSON object\n/)
})

test('keeps the settings off the first page of help, and has a page of them', () => {
  const help = run(['--help'])
  expect(help).toMatchObject({ status: 0, stderr: '' })
  expect(help.stdout).toMatch(/First steps:[^]*Exit codes:[^]*conductor-diag help settings\n$/)
  expect(help.stdout).not.toContain('CONDUCTOR_STALL_DIR')
  const settings = run(['help', 'settings'], { env: { COLUMNS: '80' } })
  expect(settings).toMatchObject({ status: 0, stderr: '' })
  expect(settings.stdout).toMatch(/^ {2}CONDUCTOR_STALL_DIR \(default: /m)
  expect(settings.stdout).toMatch(/^ {6}Where incident bundles go\.$/m)
})

test('a page of a damaged bundle is made, and says which file it can not vouch for', () => {
  writeFileSync(path.join(temporary.path, first, 'kernel.json'), 'changed')
  const page = path.join(temporary.path, 'page.html')
  expect(run(['report', first, '--out', page])).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(
      /^conductor-diag: kernel\.json has 7 bytes, not 14 \(ERR_STALL_BUNDLE_CORRUPT\)\n {2}The page has what is whole\.\n/,
    ),
  })
  expect(run(['report', second, '--out', page]).stderr).not.toContain('CORRUPT')
})

test('says where the page is when no browser can be started', () => {
  const opened = run(['open', second], { env: { BROWSER: path.join(temporary.path, 'no-browser') } })
  expect(opened).toMatchObject({ status: 64, stdout: '' })
  expect(opened.stderr).toMatch(/no-browser could not be started \(ERR_STALL_USAGE\)\n {2}Open \S+\.html yourself/)
  expect(run(['open', second], { env: { BROWSER: '/bin/true' } })).toMatchObject({ status: 0 })
})

test('shows the verdict of a bundle whose manifest is torn, made again from its evidence', () => {
  const fixtures = path.resolve(__dirname, '../fixtures/bundles/schema-1')
  const name = '01M8JH5KFWYRCX7VMKB7VC45SP'
  const folder = path.join(temporary.path, name)
  cpSync(path.join(fixtures, name), folder, { recursive: true })
  truncateSync(path.join(folder, 'incident.json'), 1000)
  const shown = run(['show', folder])
  expect(shown).toMatchObject({ status: 65, stdout: expect.stringMatching(/ DAMAGED\n/) })
  expect(shown.stdout).toMatch(/awaiting\/http-response[^]*chargeCard \(wedges\.js:24:18\)[^]*Next: /)
  expect(shown.stderr).toMatch(/incident\.json is no JSON object/)
  const page = path.join(temporary.path, 'torn.html')
  expect(run(['report', folder, '--out', page])).toMatchObject({ status: 0 })
  const written = readFileSync(page, 'utf8')
  expect(written).toContain('awaiting/http-response')
  const text = run(['show', folder, '--markdown']).stdout
  for (const each of [written, text]) {
    expect(each).toContain('The manifest is damaged')
    expect(each).not.toContain('Not sealed')
  }
  expect(text).toContain('`conductor-diag verify ID` checks each')
})

test('shows what an unsealed bundle has; verify ends with 65', () => {
  const writer = bundleIn(temporary.path)
  writer.addArtifact('kernel.json', '{}', { engine: 'procfs' })
  expect(run(['show', writer.id])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/NOT SEALED[^]*kernel\.json/),
  })
  expect(run(['verify', writer.id])).toMatchObject({ status: 65, stdout: expect.stringMatching(/NOT SEALED/) })
})

test('a folder that was named is the only one looked in', () => {
  const elsewhere = path.join(temporary.path, 'home/.local/state/conductor-stall-agent')
  mkdirSync(elsewhere, { recursive: true })
  const other = path.basename(sealedBundle(elsewhere))
  expect(run(['ls']).stdout).not.toContain(other)
  expect(run(['show', other])).toMatchObject({ status: 66 })
  const unset = { ...process.env, HOME: path.join(temporary.path, 'home'), CONDUCTOR_STALL_DIR: '', XDG_STATE_HOME: '' }
  const list = spawnSync(process.execPath, [CLI, 'ls', '--json'], { encoding: 'utf8', env: unset })
  expect(list.stdout).toContain(other)
})

test('filters the list by service, process, verdict, cause and age', () => {
  const total = (...args: string[]): number => JSON.parse(run(['ls', '--json', ...args]).stdout).total
  expect(total('--service', 'invoices')).toBe(2)
  expect(total('--service', 'orders')).toBe(0)
  expect(total('--pid', '4711', '--verdict', 'computing')).toBe(2)
  expect(total('--verdict', 'computing/regexp')).toBe(2)
  expect(total('--verdict', 'awaiting')).toBe(0)
  expect(total('--since', '1h')).toBe(2)
  expect(run(['ls', '--since', 'tomorrow'])).toMatchObject({ status: 64, stderr: expect.stringMatching(/30s, 90m/) })
  expect(run(['ls', '--pid', '1']).stderr).toMatch(/none of 2 bundles is like that/)
})

test('prunes the oldest, and says what it would prune', () => {
  const dry = run(['prune', '--max-mb', '0', '--dry-run', '--json'])
  expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, removed: [{ id: first }], kept: [second] })
  expect(readdirSync(temporary.path).sort()).toEqual([first, second].sort())
  expect(run(['prune', '--max-mb', '0'])).toMatchObject({ status: 0, stdout: expect.stringContaining(first) })
  expect(readdirSync(temporary.path)).toEqual([second])
})

test('says where it looked when there are none, and warns of a wrong setting', () => {
  const empty = path.join(temporary.path, 'empty')
  const result = run(['ls'], { env: { CONDUCTOR_STALL_DIR: empty, TMPDIR: empty, CONDUCTOR_STALL_LOCALS: 'maybe' } })
  expect(result).toMatchObject({ status: 0, stdout: '' })
  expect(result.stderr).toMatch(/no bundles in .*empty/)
  expect(result.stderr).toMatch(/CONDUCTOR_STALL_LOCALS="maybe"/)
  expect(JSON.parse(run(['ls', '--json'], { env: { CONDUCTOR_STALL_DIR: empty, TMPDIR: empty } }).stdout)).toEqual({
    schema: 1,
    total: 0,
    bundles: [],
    groups: [],
  })
})

test.each([
  ['show', 'Incident '],
  ['show --json', '{'],
  ['verify', '01'],
  ['ls', 'ID'],
  ['ps', 'PID'],
  ['--help', 'Usage: '],
])('%s ends quietly when its reader has seen enough', (args, start) => {
  const command = `{ "$0" "$1" ${args}; echo "ended with $?" >&2; } | head -c ${start.length}`
  const env = { PATH: process.env['PATH'], HOME: temporary.path, CONDUCTOR_STALL_DIR: temporary.path }
  const result = spawnSync('sh', ['-c', command, process.execPath, CLI], { encoding: 'utf8', env, timeout: 30_000 })
  expect(result.stdout).toBe(start)
  expect(result.stderr).toBe('ended with 0\n')
})
