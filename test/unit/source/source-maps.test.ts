import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { originalExcerpt } from '../../../src/source/original-excerpt.js'
import { createSourceMaps } from '../../../src/source/source-maps.js'

const folder = mkdtempSync(path.join(tmpdir(), 'source-maps-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

// Line 1, column 1 of the script is line 5, column 3 of src/x.ts ("AAIE": 0, 0, +4, +2).
const MAP = JSON.stringify({ version: 3, sources: ['src/x.ts'], names: [], mappings: 'AAIE' })

function script(name: string, comment: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, `f()\n${comment}\n`)
  return file
}

test('follows a map beside the script, one within it, and one of a bundler', () => {
  writeFileSync(path.join(folder, 'beside.js.map'), MAP)
  const maps = createSourceMaps()
  const original = { file: path.join(folder, 'src/x.ts'), line: 5, column: 3 }
  expect(maps.originalOf(script('beside.js', '//# sourceMappingURL=beside.js.map'), 1, 1)).toEqual(original)
  const data = `//# sourceMappingURL=data:application/json;charset=utf-8;base64,${Buffer.from(MAP).toString('base64')}`
  expect(maps.originalOf(script('within.js', data), 1, 3)).toEqual(original)
  const bundled = MAP.replace('src/x.ts', 'webpack://app/./src/x.ts')
  const inline = `//# sourceMappingURL=data:application/json,${encodeURIComponent(bundled)}`
  expect(maps.originalOf(script('bundled.js', inline), 1, 1)?.file).toBe('webpack://app/./src/x.ts')
})

test('says nothing without a map, with a broken one, and of code that is no file', () => {
  writeFileSync(path.join(folder, 'broken.js.map'), '{')
  const maps = createSourceMaps()
  expect(maps.originalOf(script('plain.js', ''), 1, 1)).toBeNull()
  expect(maps.originalOf(script('broken.js', '//# sourceMappingURL=broken.js.map'), 1, 1)).toBeNull()
  expect(maps.originalOf(script('gone.js', '//# sourceMappingURL=gone.js.map'), 1, 1)).toBeNull()
  expect(maps.originalOf(script('web.js', '//# sourceMappingURL=https://example.com/x.map'), 1, 1)).toBeNull()
  expect(maps.originalOf('node:fs', 1, 1)).toBeNull()
  expect(maps.originalOf('/does/not/exist.js', 1, 1)).toBeNull()
})

test('looks at no more scripts than it was told to', () => {
  const maps = createSourceMaps({ maxFiles: 1 })
  writeFileSync(path.join(folder, 'first.js.map'), MAP)
  writeFileSync(path.join(folder, 'second.js.map'), MAP)
  expect(maps.originalOf(script('first.js', '//# sourceMappingURL=first.js.map'), 1, 1)).not.toBeNull()
  expect(maps.originalOf(script('second.js', '//# sourceMappingURL=second.js.map'), 1, 1)).toBeNull()
})

test('leaves maps alone that are larger than it may read', () => {
  const maps = createSourceMaps({ maxMapBytes: 10 })
  writeFileSync(path.join(folder, 'large.js.map'), MAP)
  expect(maps.originalOf(script('large.js', '//# sourceMappingURL=large.js.map'), 1, 1)).toBeNull()
})

test('gives a minified function its own name back, and the text of an original that is not on the disk', () => {
  // `a` at column 10 is `orders` of line 1; what follows from column 15 on is line 2.
  const sourcesContent = ['function orders(next) {\n  return next()\n}\n']
  const map = { version: 3, sources: ['src/orders.ts'], sourcesContent, names: ['orders'], mappings: 'AAAA,SAASA,KACE' }
  writeFileSync(path.join(folder, 'small.js.map'), JSON.stringify(map))
  const file = path.join(folder, 'small.js')
  writeFileSync(file, 'function a(b){return b()}\n//# sourceMappingURL=small.js.map\n')
  const maps = createSourceMaps()
  const original = maps.originalOf(file, 1, 22)
  expect(original).toMatchObject({ file: path.join(folder, 'src/orders.ts'), line: 2 })
  expect(maps.nameOf(file, 1, 22, 'a')).toBe('orders')
  // Not declared before that place, or of no name in the map.
  expect(maps.nameOf(file, 1, 22, 'b')).toBeNull()
  expect(maps.nameOf(file, 1, 5, 'a')).toBeNull()
  expect(maps.contentOf(original?.file ?? '')).toBe(sourcesContent[0])
  expect(maps.contentOf('/elsewhere.ts')).toBeNull()
  const redact = (code: string): string => code.replace('next', 'then')
  const lines = originalExcerpt(
    { file, line: 1, column: 22, ...(original === null ? {} : { source: original }) },
    { redact },
  )
  expect(lines?.find(({ here }) => here)).toEqual({ line: 2, here: true, text: '  return then()' })
})
