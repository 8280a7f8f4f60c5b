import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { assertWritable, whyElsewhere, writeProfile } from '../../../src/cli/profile-file.js'

let folder: string
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'stall-profile-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('assertWritable', () => {
  test('accepts a new file, one that is there, and none', () => {
    const file = path.join(folder, 'a.txt')
    assertWritable(file)
    writeProfile(file, 'x', 'a.txt')
    assertWritable(file)
    assertWritable(undefined)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('refuses a folder, and a file in a folder that is not there', () => {
    expect(() => assertWritable(folder)).toThrow(expect.objectContaining({ code: 'ERR_STALL_USAGE' }))
    const lost = path.join(folder, 'nope', 'x')
    expect(() => assertWritable(lost)).toThrow(`there is no folder ${path.dirname(lost)}`)
    expect(existsSync(path.dirname(lost))).toBe(false)
  })
})

describe('writeProfile', () => {
  test('says of a file that is there how to write over it, and of any other trouble what it is', () => {
    const there = Object.assign(new Error('EEXIST: file already exists'), { code: 'EEXIST' })
    expect(whyElsewhere('a.json', there)).toBe('a.json is there already, and is kept (-o names another file)')
    expect(whyElsewhere('a.json', new Error('ENOSPC'))).toBe('a.json could not be written: ENOSPC')
  })

  test('keeps a profile whose place has gone, and says where', () => {
    const spare = path.join(folder, 'spare')
    mkdirSync(spare)
    vi.stubEnv('TMPDIR', spare)
    try {
      const file = writeProfile(path.join(folder, 'gone', 'x'), 'samples', 'kept.txt')
      expect(file).toBe(path.join(spare, 'kept.txt'))
      expect(readFileSync(file, 'utf8')).toBe('samples')
      // What is there already is not overwritten.
      expect(() => writeProfile(path.join(folder, 'gone', 'x'), 'other', 'kept.txt')).toThrow(
        expect.objectContaining({ code: 'ERR_STALL_DIR_UNWRITABLE' }),
      )
      expect(readFileSync(file, 'utf8')).toBe('samples')
    } finally {
      vi.unstubAllEnvs()
    }
  })
})
