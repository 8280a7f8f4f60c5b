import { expect, test } from 'vitest'
import { wasAnswered } from '../../../../src/integrations/conductor/answer.js'

test.each([
  ['the body of an error answer', { message: 'unavailable', status: 503 }],
  ['an error answer that is text', 'Service Unavailable'],
  ['an error answer without a body', {}],
  ['a body that is no JSON', new SyntaxError('Unexpected token <')],
  ['an error with a status', Object.assign(new Error('x'), { status: 500 })],
  ['an error with a response', Object.assign(new Error('x'), { response: { status: 401 } })],
])('takes %s for an answer', (_, thrown) => {
  expect(wasAnswered(thrown)).toBe(true)
})

test.each([
  ['refused', Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } })],
  ['timed out', new DOMException('The operation was aborted due to timeout', 'TimeoutError')],
  ['an error with no response', Object.assign(new Error('x'), { response: undefined })],
])('takes %s for none', (_, thrown) => {
  expect(wasAnswered(thrown)).toBe(false)
})
