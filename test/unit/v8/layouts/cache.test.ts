import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BUILD_TABLES, readBuildTable } from '../../../../src/platform/elf/build-table.js'
import { isLayout, readCachedLayout, writeCachedLayout } from '../../../../src/v8/layouts/cache.js'
import type { V8Layout } from '../../../../src/v8/layouts/layout.js'
import { isSingleExecutable } from '../../../../src/v8/calibration/plain-node.js'

function shipped(): V8Layout {
  const [name = ''] = readdirSync(BUILD_TABLES)
  const layout = readBuildTable(name.replace('.json', ''))?.v8
  if (!isLayout(layout)) throw new Error(`${name} holds no layout`)
  return layout
}

let folder: string
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'stall-layouts-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('cached layouts', () => {
  const layout = shipped()
  const { buildId } = layout
  const file = (): string => path.join(folder, 'cache', `${buildId}.json`)

  it('come back as they were written, from a folder that is ours alone', () => {
    expect(writeCachedLayout(path.join(folder, 'cache'), layout)).toBe(true)
    expect(statSync(path.join(folder, 'cache')).mode & 0o777).toBe(0o700)
    expect(readCachedLayout(path.join(folder, 'cache'), buildId ?? '')).toEqual(layout)
    expect(readdirSync(path.join(folder, 'cache'))).toHaveLength(1)
  })

  it.each([
    ['cut off', (text: string) => text.slice(0, 100)],
    ['of another schema', (text: string) => text.replace(/"schema":\d+/, '"schema":0')],
    ['with an offset that is no number', (text: string) => text.replace(/"cEntryFp":\d+/, '"cEntryFp":"x"')],
    ['of another build', (text: string) => text.replace(/"buildId":"[0-9a-f]{4}/, '"buildId":"0000')],
  ])('are discarded when they are %s', (_what, spoil) => {
    writeCachedLayout(path.join(folder, 'cache'), layout)
    writeFileSync(file(), spoil(readFileSync(file(), 'utf8')))
    expect(readCachedLayout(path.join(folder, 'cache'), buildId ?? '')).toBeNull()
    expect(existsSync(file())).toBe(false)
  })

  it('are not believed when others may write them', () => {
    writeCachedLayout(path.join(folder, 'cache'), layout)
    chmodSync(file(), 0o666)
    expect(readCachedLayout(path.join(folder, 'cache'), buildId ?? '')).toBeNull()
  })

  it('cost nothing where the folder cannot be made', () => {
    expect(writeCachedLayout('/proc/nowhere/cache', layout)).toBe(false)
    expect(readCachedLayout('/proc/nowhere/cache', buildId ?? '')).toBeNull()
  })

  it('have file names made of build ids only', () => {
    expect(readCachedLayout(folder, '../../etc/passwd')).toBeNull()
    expect(readBuildTable('../package')).toBeNull()
  })
})

it('knows a single-executable application by its fuse, also across the edge of a read', () => {
  const fuse = (digit: string): Buffer => Buffer.from(`NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:${digit}`)
  const write = (name: string, at: number, digit: string): string => {
    const bytes = Buffer.alloc(5 << 20)
    fuse(digit).copy(bytes, at)
    const file = path.join(folder, name)
    writeFileSync(file, bytes)
    return file
  }
  expect(isSingleExecutable(write('plain', 1000, '0'))).toBe(false)
  expect(isSingleExecutable(write('sea', 1000, '1'))).toBe(true)
  expect(isSingleExecutable(write('edge', (4 << 20) - 20, '1'))).toBe(true)
  // What can't be looked at is not started.
  expect(isSingleExecutable(path.join(folder, 'absent'))).toBe(true)
})
