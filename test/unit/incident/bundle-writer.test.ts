import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBundle } from '../../../src/incident/bundle-writer.js'
import { readBundle, verifyBundle } from '../../../src/incident/bundle-reader.js'
import { bundleDirectories, existingDirectories } from '../../../src/incident/directory.js'
import { StallError } from '../../../src/model/stall-error.js'
import { bundleIn, PROCESS, SEAL_PARTS, sealedBundle, temporaryFolder } from '../../support/incidents.js'

const BUILD = path.resolve(__dirname, '../../../build')
const WRITER_PROGRAM = path.resolve(__dirname, '../../fixtures/programs/bundle/write-bundle.cjs')
let temporary: { readonly path: string; remove(): void }
let directory: string

beforeEach(() => {
  temporary = temporaryFolder('bundle-writer')
  directory = path.join(temporary.path, 'state')
})
afterEach(() => temporary.remove())

test('seals a private folder that sha256sum can check', () => {
  const folder = sealedBundle(directory)
  expect(readdirSync(directory)).toEqual([path.basename(folder)])
  expect(readdirSync(folder).sort()).toEqual(['SHA256SUMS', 'incident.json', 'kernel.json', 'stacks.json'])
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  for (const file of readdirSync(folder)) expect(statSync(path.join(folder, file)).mode & 0o777).toBe(0o600)
  execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder })
  const manifest: unknown = JSON.parse(readFileSync(path.join(folder, 'incident.json'), 'utf8'))
  expect(manifest).toMatchObject({
    schema: 1,
    id: path.basename(folder),
    process: { service: 'invoices' },
    artifacts: [
      { name: 'kernel.json', sizeBytes: 14, engine: 'procfs', tookMs: 3, pausedMs: 0 },
      { name: 'stacks.json', engine: 'memory' },
    ],
    missing: [{ name: 'cpu.cpuprofile', code: 'ERR_STALL_INSPECTOR_TIMEOUT' }],
    redacted: { 'key-name': 2 },
    fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
  })
})

test('has each artifact whole on disk, under no other name, before it returns', () => {
  const writer = bundleIn(directory)
  const before = new Set(readdirSync(writer.path))
  const outcome = writer.addArtifact('kernel.json', '{}', { engine: 'procfs' })
  expect(outcome).toMatchObject({ status: 'written', record: { sizeBytes: 2 } })
  expect(readdirSync(writer.path).filter((name) => !before.has(name))).toEqual(['kernel.json'])
})

test('replaces an artifact of the same name, and writes one that comes in pieces', () => {
  const writer = bundleIn(directory)
  writer.addArtifact('a.json', '1', { engine: 'procfs' })
  writer.addArtifact('a.json', '22', { engine: 'procfs' })
  const stream = writer.openArtifact('heap.json')
  expect(stream.write('one')).toBe(true)
  expect(stream.write(Buffer.from(' two'))).toBe(true)
  expect(stream.end({ engine: 'inspector', pausedMs: 7 })).toMatchObject({ record: { sizeBytes: 7, pausedMs: 7 } })
  const outcome = writer.seal(SEAL_PARTS)
  expect(outcome.manifest.artifacts.map((a) => [a.name, a.sizeBytes])).toEqual([
    ['a.json', 2],
    ['heap.json', 7],
  ])
  expect(verifyBundle(outcome.path).problems).toEqual([])
})

test.each(['../escape', 'a/b', '.hidden', '', 'incident.json', 'SHA256SUMS', 'x.writing', 'a\nb'])(
  'refuses %j as the name of an artifact, says so, and goes on',
  (name) => {
    const writer = bundleIn(directory)
    expect(writer.addArtifact(name, 'x', { engine: 'procfs' })).toMatchObject({ status: 'missing' })
    expect(writer.seal(SEAL_PARTS).status).toBe('sealed')
    expect(existsSync(path.join(directory, 'escape'))).toBe(false)
  },
)

test('leaves out an artifact that would make the bundle too large, and keeps the rest', () => {
  const writer = bundleIn(directory, { maxBytes: 1000 })
  writer.addArtifact('small.json', 'x'.repeat(600), { engine: 'procfs' })
  expect(writer.addArtifact('large.json', 'x'.repeat(600), { engine: 'memory' })).toMatchObject({
    status: 'missing',
    missing: { code: 'ERR_STALL_LIMIT' },
  })
  const { manifest } = writer.seal(SEAL_PARTS)
  expect(manifest.artifacts.map((a) => a.name)).toEqual(['small.json'])
  expect(manifest.missing).toMatchObject([{ name: 'large.json', code: 'ERR_STALL_LIMIT' }])
})

test('seals once, and takes no artifact afterwards', () => {
  const writer = bundleIn(directory)
  const first = writer.seal(SEAL_PARTS)
  expect(writer.seal({ ...SEAL_PARTS, verdicts: [] })).toBe(first)
  expect(writer.addArtifact('late.json', '{}', { engine: 'procfs' })).toMatchObject({ status: 'missing' })
  expect(verifyBundle(first.path).unlisted).toEqual([])
})

test('gives ids in the order of time, also within one millisecond', () => {
  const ids = Array.from({ length: 50 }, () => bundleIn(directory, { now: () => 1_800_000_000_000 }).id)
  expect(ids).toEqual([...ids].sort())
  expect(new Set(ids).size).toBe(50)
})

test('falls back to the next folder, and says which was not used and why', () => {
  const file = path.join(temporary.path, 'file')
  writeFileSync(file, '')
  const writer = bundleIn(directory, {
    directories: [
      { path: path.join(file, 'below'), from: 'CONDUCTOR_STALL_DIR', shared: false },
      { path: '/proc/conductor-stall-agent', from: 'HOME', shared: false },
      { path: directory, from: 'the temp folder', shared: true },
    ],
  })
  const { manifest, path: folder } = writer.seal(SEAL_PARTS)
  expect(path.dirname(folder)).toBe(directory)
  expect(manifest.notes).toEqual([
    expect.stringMatching(/file\/below \(CONDUCTOR_STALL_DIR\) was not used: .*EEXIST/),
    expect.stringMatching(/\/proc\/conductor-stall-agent \(HOME\) was not used: .*ENOENT/),
  ])
})

test('does not use a temp folder that others can enter, nor a link', () => {
  mkdirSync(directory, { mode: 0o755 })
  const link = path.join(temporary.path, 'link')
  symlinkSync(directory, link)
  for (const shared of [directory, link]) {
    const outcome = openBundle({
      directories: [{ path: shared, from: 'the temp folder', shared: true }],
      writer: { pid: process.pid, startTicks: null },
      process: PROCESS,
      stall: null,
    })
    expect(outcome).toBeInstanceOf(StallError)
    expect(outcome).toMatchObject({
      code: 'ERR_STALL_DIR_UNWRITABLE',
      message: expect.stringMatching(/private folder/),
    })
    // Nor are bundles looked for, or removed, there.
    expect(existingDirectories([{ path: shared, from: 'the temp folder', shared: true }])).toEqual([])
    expect(existingDirectories([{ path: shared, from: 'HOME', shared: false }])).toEqual([shared])
    const file = path.join(shared, 'a-file')
    writeFileSync(file, '')
    expect(existingDirectories([{ path: path.join(file, 'x'), from: 'the temp folder', shared: true }])).toEqual([])
  }
})

test('names the folders in their documented order', () => {
  const env = { STATE_DIRECTORY: '/var/lib/w:/x', XDG_STATE_HOME: 'relative', HOME: '/home/w', TMPDIR: '/scratch' }
  expect(bundleDirectories(env, '/bundles').map((candidate) => [candidate.from, candidate.path])).toEqual([
    ['CONDUCTOR_STALL_DIR', '/bundles'],
    ['STATE_DIRECTORY', '/var/lib/w/conductor-stall-agent'],
    ['HOME', '/home/w/.local/state/conductor-stall-agent'],
    ['the temp folder', `/scratch/conductor-stall-agent-${process.getuid?.() ?? 'user'}`],
  ])
  expect(bundleDirectories({ XDG_STATE_HOME: '/state' }, null)[0]?.path).toBe('/state/conductor-stall-agent')
})

test('keeps every whole artifact of a process killed in the middle of writing', async () => {
  const child = spawn(process.execPath, [WRITER_PROGRAM, BUILD, directory, 'endless'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // The program says "open" once three artifacts are written and a fourth is under way.
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('close', resolve))
  const [name] = readdirSync(directory)
  expect(name).toMatch(/\.partial$/)
  const folder = path.join(directory, name ?? '')
  const bundle = readBundle(folder)
  expect(bundle).toMatchObject({ state: 'partial', writer: { pid: child.pid } })
  expect(bundle.manifest.artifacts.map((a) => a.name)).toEqual(['a-0.json', 'a-1.json', 'a-2.json'])
  for (const artifact of bundle.manifest.artifacts) {
    expect(() => JSON.parse(readFileSync(path.join(folder, artifact.name), 'utf8')) as unknown).not.toThrow()
  }
  expect(bundle.manifest).toMatchObject({
    process: PROCESS,
    verdicts: [],
    missing: [{ code: 'ERR_STALL_BUNDLE_UNSEALED' }],
  })
})

// A real full disk: a tmpfs of 600 KiB in a mount namespace of its own.
const namespaces = spawnSync('unshare', ['-m', 'true']).status === 0

test.skipIf(!namespaces)('keeps and seals what there was room for when the disk is full', () => {
  mkdirSync(directory)
  const script = 'mount -t tmpfs -o size=600k none "$3" && "$0" "$1" "$2" "$3" full && cat "$3"/*/incident.json'
  const result = spawnSync('unshare', ['-m', 'sh', '-c', script, process.execPath, WRITER_PROGRAM, BUILD, directory], {
    encoding: 'utf8',
  })
  expect(result.stderr).toBe('')
  const [first, ...rest] = result.stdout.split('\n')
  expect(JSON.parse(first ?? '')).toEqual({ outcomes: ['written', 'missing', 'written'], seal: 'sealed' })
  const manifest: unknown = JSON.parse(rest.join('\n'))
  expect(manifest).toMatchObject({
    artifacts: [{ name: 'small.json' }, { name: 'after.json' }],
    missing: [{ name: 'large.json', code: 'ERR_STALL_DISK_FULL', help: expect.stringMatching(/CONDUCTOR_STALL_DIR/) }],
  })
})

test.skipIf(!namespaces)('leaves nothing in a folder that takes a bundle but no file', () => {
  const full = path.join(temporary.path, 'no-inodes')
  mkdirSync(full)
  const script = 'mount -t tmpfs -o nr_inodes=2 none "$4" && "$0" "$1" "$2" "$3" fallback "$4" && ls -A "$4"'
  const args = ['-m', 'sh', '-c', script, process.execPath, WRITER_PROGRAM, BUILD, directory, full]
  const result = spawnSync('unshare', args, { encoding: 'utf8' })
  expect(result.stderr).toBe('')
  const [told, ...left] = result.stdout.trimEnd().split('\n')
  expect(JSON.parse(told ?? '')).toMatchObject({
    seal: 'sealed',
    notes: [expect.stringMatching(/no-inodes \(CONDUCTOR_STALL_DIR\) was not used: .*ENOSPC/)],
  })
  expect(left).toEqual([])
})

test('says no longer that something is missing once it is there', () => {
  const writer = bundleIn(directory)
  writer.missing('look-2-awaits.json', new StallError('ERR_STALL_PERMISSION', 'not from memory'))
  writer.missing('samples.json', new StallError('ERR_STALL_NOTHING_RUNNING', 'it waits'))
  writer.addArtifact('look-2-awaits.json', '{}', { engine: 'inspector' })
  const { manifest } = writer.seal(SEAL_PARTS)
  expect(manifest.missing.map(({ name }) => name)).toEqual(['samples.json'])
  expect(manifest.artifacts.map(({ name }) => name)).toEqual(['look-2-awaits.json'])
})

test.skipIf(!namespaces)('uses the next folder when the first is on a file system that is mounted read-only', () => {
  const readOnly = path.join(temporary.path, 'read-only')
  mkdirSync(readOnly)
  const script = 'mount -t tmpfs -o ro none "$4" && "$0" "$1" "$2" "$3" fallback "$4"'
  const args = ['-m', 'sh', '-c', script, process.execPath, WRITER_PROGRAM, BUILD, directory, readOnly]
  const result = spawnSync('unshare', args, { encoding: 'utf8' })
  expect(result.stderr).toBe('')
  expect(JSON.parse(result.stdout)).toMatchObject({
    seal: 'sealed',
    notes: [expect.stringMatching(/read-only \(CONDUCTOR_STALL_DIR\) was not used: .*EROFS/)],
  })
})
