import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readApplication } from '../../../src/config/application.js'

const COMMIT = 'ab12cd3400000000000000000000000000000001'
let root: string

function put(file: string, text: string): void {
  const target = path.join(root, file)
  mkdirSync(path.dirname(target), { recursive: true })
  writeFileSync(target, text)
}

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'application-'))
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

test('takes name and version from the nearest package.json that has a name', () => {
  put('app/package.json', '{"name":"invoices","version":"1.4.2"}')
  put('app/dist/package.json', '{"type":"module"}')
  const found = readApplication({ env: {}, entry: '/app/dist/worker.js', cwd: '/', root })
  expect(found).toEqual({ service: 'invoices', version: '1.4.2', commit: null })
})

test('prefers the environment for name, version and commit', () => {
  put('app/package.json', '{"name":"invoices","version":"1.4.2"}')
  const env = { CONDUCTOR_STALL_SERVICE: 'billing', CONDUCTOR_STALL_VERSION: '2', GIT_COMMIT: COMMIT }
  expect(readApplication({ env, entry: '/app/worker.js', cwd: '/app', root })).toEqual({
    service: 'billing',
    version: '2',
    commit: COMMIT,
  })
})

test('reads the commit from a branch, from packed refs, from a detached head and from a worktree', () => {
  put('loose/.git/HEAD', 'ref: refs/heads/main\n')
  put('loose/.git/refs/heads/main', `${COMMIT}\n`)
  put('packed/.git/HEAD', 'ref: refs/heads/main\n')
  put('packed/.git/packed-refs', `# pack-refs\n${COMMIT} refs/heads/main\n`)
  put('detached/.git/HEAD', `${COMMIT}\n`)
  put('worktree/.git', 'gitdir: ../loose/.git/worktrees/one\n')
  put('loose/.git/worktrees/one/HEAD', 'ref: refs/heads/main\n')
  put('loose/.git/worktrees/one/commondir', '../..\n')
  for (const folder of ['loose', 'packed', 'detached', 'worktree']) {
    expect(readApplication({ env: {}, entry: null, cwd: `/${folder}/deep/er`, root }).commit, folder).toBe(COMMIT)
  }
})

test('takes no commit from a reference that leads out of the repository, nor from a word that is no commit', () => {
  put('app/.git/HEAD', 'ref: refs/../../secret\n')
  put('secret', COMMIT)
  expect(readApplication({ env: { GIT_COMMIT: 'main' }, entry: null, cwd: '/app', root }).commit).toBeNull()
})

test('survives a package.json that is no JSON, a folder of that name, and unknown places', () => {
  put('app/package.json', '{"name":')
  mkdirSync(path.join(root, 'other/package.json'), { recursive: true })
  const nothing = { service: null, version: null, commit: null }
  expect(readApplication({ env: {}, entry: '/app/worker.js', cwd: '/app', root })).toEqual(nothing)
  expect(readApplication({ env: {}, entry: null, cwd: '/other', root })).toEqual(nothing)
  expect(readApplication({ env: {}, entry: null, cwd: null, root })).toEqual(nothing)
})
