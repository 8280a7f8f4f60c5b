import { expect, test } from 'vitest'
import { unknownVariables } from '../../../src/config/unknown-variables.js'

test.each([
  ['CONDUCTOR_STALL_WARN_SECOND', '; did you mean CONDUCTOR_STALL_WARN_SECONDS?'],
  ['CONDUCTOR_STALL_DIRR', '; did you mean CONDUCTOR_STALL_DIR?'],
  ['CONDUCTOR_STALL_SOMETHING_ELSE_ALTOGETHER', ''],
])('tells of %s', (name, meant) => {
  expect(unknownVariables({ [name]: '5' })).toEqual([`${name} is not a setting, and is ignored${meant}`])
})

test('is silent about settings, those of delivery, what run hands on, and other programs', () => {
  const names = [
    'CONDUCTOR_STALL_WARN_SECONDS',
    'CONDUCTOR_STALL_CONFIG',
    'CONDUCTOR_STALL_SINK_TO',
    'CONDUCTOR_STALL_SINK_S3_BUCKET',
    'CONDUCTOR_STALL_RUN',
    'CONDUCTOR_STALL_WORKER',
    'CONDUCTOR_WORKER_POLL_STALL_TIMEOUT_SECONDS',
    'CONDUCTOR_WORKER_DOMAIN',
    'PATH',
  ]
  expect(unknownVariables(Object.fromEntries(names.map((name) => [name, '1'])))).toEqual([])
})
