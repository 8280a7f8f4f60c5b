import { expect, it } from 'vitest'
import { withHelpInside } from '../../../src/investigate/inside-help.js'
import { StallError, type StallErrorCode } from '../../../src/model/stall-error.js'

const helpOf = (code: StallErrorCode, help: string): string =>
  withHelpInside(new StallError(code, 'it was refused', { help })).help

it('advises whoever runs the worker, where nobody can become root or choose an engine', () => {
  expect(helpOf('ERR_STALL_INSPECTOR_UNAVAILABLE', 'conductor-diag dump PID --engine memory')).toContain('threads.json')
  expect(helpOf('ERR_STALL_PERMISSION', 'run as the user of the process, or with sudo')).toContain('undumpable')
  expect(helpOf('ERR_STALL_TIMEOUT', '')).toContain('CONDUCTOR_STALL_GRACE_SECONDS')
  expect(helpOf('ERR_STALL_NOT_ENABLED', '')).toContain('CONDUCTOR_STALL_PROFILE_SECONDS')
})

it('leaves what can be followed there too', () => {
  const error = new StallError('ERR_STALL_DISK_FULL', 'no space', { help: 'Free some.' })
  expect(withHelpInside(error)).toBe(error)
  const permission = 'Under --permission, Node needs --allow-inspector.'
  expect(helpOf('ERR_STALL_INSPECTOR_UNAVAILABLE', permission)).toBe(permission)
})

it('keeps code and message', () => {
  const error = withHelpInside(new StallError('ERR_STALL_TIMEOUT', 'gave up after 12 ms'))
  expect([error.code, error.message]).toEqual(['ERR_STALL_TIMEOUT', 'gave up after 12 ms'])
})
