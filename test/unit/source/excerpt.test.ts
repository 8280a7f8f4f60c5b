import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { excerptOf, readExcerpt } from '../../../src/source/excerpt.js'

test('gives the line with its neighbours, and fewer at the edges', () => {
  expect(excerptOf('a\nb\r\nc\nd', { line: 2, column: 1 })).toEqual([
    { line: 1, text: 'a', here: false },
    { line: 2, text: 'b', here: true },
    { line: 3, text: 'c', here: false },
  ])
  expect(excerptOf('a\nb', { line: 1, column: null })?.map((each) => each.line)).toEqual([1, 2])
  expect(excerptOf('a\nb', { line: 3, column: 1 })).toBeNull()
})

test.each([1, 40_000, 100_000])('shows of what a bundler left on one line the part around column %d', (column) => {
  const line = 'x'.repeat(column - 1) + 'HERE' + 'y'.repeat(100_000 - column)
  const [shown] = excerptOf(line, { line: 1, column }) ?? []
  expect(shown?.text).toContain('HERE')
  expect(shown?.text.length).toBeLessThanOrEqual(150)
})

test('takes a secret out before it cuts the line', () => {
  const line = `${' '.repeat(500)}login('${'s'.repeat(200)}')`
  const redact = (code: string) => code.replace(/'s+'/, "'***'")
  expect(excerptOf(line, { line: 1, column: 501 }, redact)?.[0]?.text).toMatch(/^… +login\('\*\*\*'\)$/)
})

test('reads a file below the root of the target, and says null where there is none', () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'stall-excerpt-'))
  writeFileSync(path.join(root, 'worker.js'), 'one\ntwo\n')
  expect(
    readExcerpt({ file: '/worker.js', line: 2, column: 1 }, { root, redact: (code) => code })?.find((each) => each.here)
      ?.text,
  ).toBe('two')
  expect(readExcerpt({ file: '/worker.js', line: 1, column: 1 }, { root, redact: () => 'nothing' })?.[0]?.text).toBe(
    'nothing',
  )
  expect(readExcerpt({ file: '/missing.js', line: 2, column: 1 }, { root, redact: (code) => code })).toBeNull()
  expect(readExcerpt({ file: 'node:fs', line: 2, column: 1 }, { root, redact: (code) => code })).toBeNull()
  rmSync(root, { recursive: true })
})

test('counts columns as JavaScript does, on a line with characters of two, three and four bytes', () => {
  const line = '😀é世'.repeat(30_000) + 'HERE' + '😀é世'.repeat(30_000)
  const [shown] = excerptOf(line, { line: 1, column: 30_000 * 4 + 1 }) ?? []
  expect(shown?.text).toContain('HERE')
  expect(shown?.text).not.toContain('\uFFFD')
})
