/** `conductor-diag pack`, unpacked by GNU tar and checked by sha256sum: neither is ours. */
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, readdirSync, statSync, symlinkSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bundleIn, sealedBundle, temporaryFolder } from '../support/incidents.js'
import { CLI } from '../support/nodes.js'

let temporary: { readonly path: string; remove(): void }
let bundle: string
let archive: string

beforeEach(() => {
  temporary = temporaryFolder('cli-pack')
  bundle = sealedBundle(temporary.path)
  archive = path.join(temporary.path, 'out.tar.gz')
})
afterEach(() => temporary.remove())

function run(...args: string[]) {
  const env = { PATH: process.env['PATH'], HOME: temporary.path, CONDUCTOR_STALL_DIR: temporary.path }
  return spawnSync(process.execPath, [CLI, ...args], { env, cwd: temporary.path, timeout: 30_000 })
}

function shell(command: string, ...args: string[]) {
  return spawnSync(command, args, { cwd: temporary.path, encoding: 'utf8' })
}

test('tar unpacks it, sha256sum finds every file right, and the tool reads it under any name', () => {
  const packed = run('pack', 'latest', '-o', archive, '--json')
  expect(packed.stderr.toString()).toBe('')
  expect(JSON.parse(packed.stdout.toString())).toMatchObject({ redacted: { 'key-name': 2 }, problems: [] })
  expect(statSync(archive).mode & 0o777).toBe(0o600)
  const unpacked = path.join(temporary.path, 'unpacked')
  expect(shell('mkdir', unpacked).status).toBe(0)
  expect(shell('tar', '-xzf', archive, '-C', unpacked)).toMatchObject({ status: 0, stderr: '' })
  const folder = path.join(unpacked, path.basename(bundle))
  expect(spawnSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: folder }).status).toBe(0)
  expect(readFileSync(path.join(folder, 'PACKED.txt'), 'utf8')).toContain('key-name: 2 values')
  expect(run('verify', folder).status).toBe(0)
  expect(run('verify', folder).stdout.toString()).not.toContain('PACKED')
})

test('the same bundle makes the same bytes, in a file of its own name too', () => {
  expect(run('pack', 'latest', '-o', archive).status).toBe(0)
  expect(run('pack', 'latest').status).toBe(0)
  const own = path.join(temporary.path, `${path.basename(bundle)}.tar.gz`)
  expect(readFileSync(own).equals(readFileSync(archive))).toBe(true)
  const piped = run('pack', 'latest', '-o', '-')
  expect(piped.stdout.equals(readFileSync(archive))).toBe(true)
})

test('refuses a damaged bundle, and packs what is whole when told to, links excepted', () => {
  appendFileSync(path.join(bundle, 'kernel.json'), ' ')
  unlinkSync(path.join(bundle, 'stacks.json'))
  symlinkSync('/etc/passwd', path.join(bundle, 'stacks.json'))
  const refused = run('pack', 'latest', '-o', archive)
  expect(refused.status).toBe(65)
  expect(refused.stderr.toString()).toMatch(/kernel\.json has .* bytes.*ERR_STALL_BUNDLE_CORRUPT/)
  expect(existsSync(archive)).toBe(false)
  expect(run('pack', 'latest', '-o', archive, '--force').status).toBe(0)
  const names = shell('tar', '-tzf', archive).stdout
  expect(names).toContain('kernel.json')
  expect(names).not.toContain('stacks.json')
})

test('refuses one that was never sealed', () => {
  const writer = bundleIn(temporary.path)
  writer.addArtifact('kernel.json', '{}', { engine: 'procfs' })
  const refused = run('pack', writer.path)
  expect(refused.status).toBe(65)
  expect(refused.stderr.toString()).toContain('ERR_STALL_BUNDLE_UNSEALED')
  expect(run('pack', writer.path, '-o', archive, '--force').status).toBe(0)
})

test('a place that takes no file ends with a code and leaves nothing behind', () => {
  const result = run('pack', 'latest', '-o', '/proc/none/x.tar.gz')
  expect(result.stderr.toString()).toMatch(/ERR_STALL_DIR_UNWRITABLE/)
  expect(readdirSync(temporary.path).filter((name) => name.endsWith('.writing'))).toEqual([])
})
