import { expect, test } from 'vitest'
import { numberIn, parsePid } from '../../../src/cli/parse-options.js'

test.each([
  [{}, ['0', '0.5', '12'], ['', ' ', '-1', 'x', 'Infinity', '1e400'], /a number from 0\.$/],
  [{ whole: true }, ['0', '20'], ['1.5', '-1', 'many'], /a whole number from 0\.$/],
  [{ above: 0, to: 600 }, ['0.1', '600'], ['0', '600.1', ''], /a number above 0 and up to 600\.$/],
  [{ from: 1, to: 100, whole: true }, ['1', '100'], ['0', '101', '2.5'], /a whole number from 1 up to 100\.$/],
])('takes numbers in %j and refuses others, saying which are allowed', (range, good, bad, says) => {
  const parse = numberIn(range)
  expect(good.map(parse)).toEqual(good.map(Number))
  for (const text of bad) expect(() => parse(text), text).toThrow(says)
})

test('takes a pid and nothing else', () => {
  expect(parsePid('4711')).toBe(4711)
  for (const text of ['0', '-5', 'abc', '1.5', '99999999999', '', '12x']) expect(() => parsePid(text)).toThrow(/pid/)
})
