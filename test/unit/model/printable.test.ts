import { expect, test } from 'vitest'
import { printable, printableJson, screenSafe } from '../../../src/model/printable.js'

const EVERY_CONTROL = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code))
  .filter((character) => /\p{Cc}/u.test(character))
  .join('')

test('makes one line of any text and leaves no control character in it', () => {
  const text = printable(`a${EVERY_CONTROL}b`)
  expect(text).not.toMatch(/\p{Cc}/u)
  expect(text).toMatch(/^a.*b$/)
  expect(printable('a\r\nb\tc')).toBe(String.raw`a\x0d\x0ab c`)
})

test.each(['\u202e', '\u2066', '\u061c', '\u200b', '\u2028', '\ufeff', '\u{e0041}', '\ud800'])(
  'shows %j',
  (character) => {
    expect(printable(`x${character}y`)).toMatch(/^x\\u\{[0-9a-f]+\}y$/)
  },
)

test('leaves the text of people alone', () => {
  const text = 'naïve Ωμέγα 東京 فارسی\u200cها 👩‍👩‍👧 ▸ é~'
  expect(printable(text)).toBe(text)
})

test('keeps what JSON says, to the last unit', () => {
  const value = { [`k${EVERY_CONTROL}`]: [`\u202e\u{e0041}\ud800\u2028${EVERY_CONTROL}`, 1, null] }
  for (const json of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
    const text = printableJson(json)
    expect(JSON.parse(text)).toEqual(value)
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
  }
})

test('lets our own colours and lines through to a screen, and nothing else that steers', () => {
  const ours = '\u001b[1m\u001b[31mred\u001b[39m\u001b[22m\n  next\tcell\n'
  expect(screenSafe(ours)).toBe(ours)
  expect(screenSafe('\u001b[8mhidden\u001b[2J\u001b]0;t\u0007\u009b1m\r')).toBe(
    String.raw`\x1b[8mhidden\x1b[2J\x1b]0;t\x07\x9b1m\x0d`,
  )
  expect(screenSafe('\u001b[31')).toBe(String.raw`\x1b[31`)
})
