import { expect, test } from 'vitest'
import { columnsOf, terminalWidth, truncate, wrap } from '../../../src/report/wrap.js'

test('breaks between words only, and keeps what is longer than a line whole', () => {
  expect(wrap('one two three', { width: 8 })).toEqual(['one two', 'three'])
  expect(wrap('GET http://10.0.0.5/a/very/long/path now', { width: 10 })).toEqual([
    'GET',
    'http://10.0.0.5/a/very/long/path',
    'now',
  ])
  expect(wrap('one two', { width: 6, first: '> ', rest: '  ' })).toEqual(['> one', '  two'])
  expect(wrap('as long as it is', { width: null })).toEqual(['as long as it is'])
})

test('counts columns, not characters', () => {
  expect(columnsOf('abc')).toBe(3)
  expect(columnsOf('請求書')).toBe(6)
  expect(columnsOf('e\u0301')).toBe(1)
  expect(truncate('請求書を送る', 7)).toBe('請求書…')
})

test.each([
  [{ isTTY: true, columns: 100 }, {}, 100],
  [{ isTTY: true, columns: 10 }, {}, 40],
  [{}, {}, null],
  [{}, { COLUMNS: '80' }, 80],
  [{}, { COLUMNS: 'wide' }, null],
])('the width of %j with %j is %j', (stream, env, width) => expect(terminalWidth(stream, env)).toBe(width))
