import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { excerptOf, readExcerpt } from '../../../src/source/excerpt.js'

test('gives the line with its neighbours, and fewer at the edges', () => {
  expect(excerptOf('a\nb\r\nc\nd', 2)).toEqual([
    { line: 1, text: 'a', here: false },
    { line: 2, text: 'b', here: true },
    { line: 3, text: 'c', here: false },
  ])
  expect(excerptOf('a\nb', 1)?.map((each) => each.line)).toEqual([1, 2])
  expect(excerptOf('a\nb', 3)).toBeNull()
})

test('cuts what a bundler left on one line', () => {
  expect(excerptOf('x'.repeat(100_000), 1)?.[0]?.text.length).toBeLessThan(500)
})

test('reads a file below the root of the target, and says null where there is none', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'stall-excerpt-'))
  writeFileSync(path.join(root, 'worker.js'), 'one\ntwo\n')
  expect(readExcerpt('/worker.js', 2, root)?.find((each) => each.here)?.text).toBe('two')
  expect(readExcerpt('/missing.js', 2, root)).toBeNull()
  expect(readExcerpt('node:fs', 2, root)).toBeNull()
  rmSync(root, { recursive: true })
})
