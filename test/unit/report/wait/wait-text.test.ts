import { expect, test } from 'vitest'
import type { WaitsFor } from '../../../../src/model/wait.js'
import { waitText } from '../../../../src/report/wait/wait-text.js'

const REQUEST = {
  kind: 'http-request',
  summary: 'a request',
  peer: '10.0.0.5:80',
  state: 'ESTABLISHED',
  fd: 21,
} as const satisfies WaitsFor

test('names the peer of a request only where its URL does not, whatever the summary says', () => {
  expect(waitText({ ...REQUEST, url: 'http://10.0.0.5/tasks' })).toBe('a request, ESTABLISHED, fd 21')
  expect(waitText({ ...REQUEST, url: 'http://10.0.0.5:80/tasks' })).toBe('a request, ESTABLISHED, fd 21')
  expect(waitText({ ...REQUEST, url: 'http://conductor/tasks' })).toBe(
    'a request, peer 10.0.0.5:80, ESTABLISHED, fd 21',
  )
  expect(waitText({ ...REQUEST, summary: 'of 10.0.0.5:80 fd 21' })).toContain('peer 10.0.0.5:80')
})
