import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { prepareCompileCache } from '../../../src/cli/compile-cache.js'

let home: string

beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'compile-cache-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

test("makes a folder of the user's alone under ~/.cache, and finds it again", () => {
  const folder = path.join(home, '.cache/conductor-stall-agent/compiled')
  expect(prepareCompileCache({ HOME: home })).toBe(folder)
  expect(lstatSync(folder).mode & 0o777).toBe(0o700)
  expect(prepareCompileCache({ HOME: home })).toBe(folder)
})

test('takes the folder that XDG_CACHE_HOME names, when it is absolute', () => {
  expect(prepareCompileCache({ HOME: home, XDG_CACHE_HOME: path.join(home, 'mine') })).toBe(
    path.join(home, 'mine/conductor-stall-agent/compiled'),
  )
  expect(prepareCompileCache({ HOME: home, XDG_CACHE_HOME: 'mine' })).toBe(
    path.join(home, '.cache/conductor-stall-agent/compiled'),
  )
})

test("has no cache under a folder of another user's, as root has with sudo", () => {
  mkdirSync(path.join(home, '.cache'))
  expect(prepareCompileCache({ HOME: home }, (process.geteuid?.() ?? 0) + 1)).toBeNull()
})

test('has no cache where others may write', () => {
  mkdirSync(path.join(home, '.cache/conductor-stall-agent'), { recursive: true })
  chmodSync(path.join(home, '.cache/conductor-stall-agent'), 0o777)
  expect(prepareCompileCache({ HOME: home })).toBeNull()
})

test('has no cache behind a symbolic link', () => {
  mkdirSync(path.join(home, '.cache'))
  mkdirSync(path.join(home, 'elsewhere'))
  symlinkSync(path.join(home, 'elsewhere'), path.join(home, '.cache/conductor-stall-agent'))
  expect(prepareCompileCache({ HOME: home })).toBeNull()
})

test('has no cache without a home, and says nothing', () => {
  expect(prepareCompileCache({ HOME: '/proc/nobody' })).toBeNull()
})
