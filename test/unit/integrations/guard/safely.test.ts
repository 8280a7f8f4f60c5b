import { once } from 'node:events'
import { expect, test } from 'vitest'
import { hookFailures, safely } from '../../../../src/integrations/guard/safely.js'

test('passes a value on, and nothing that is thrown; says the first failure once', async () => {
  expect(safely(() => 7)).toBe(7)
  expect(hookFailures().count).toBe(0)
  const warned = once(process, 'warning')
  const first = new Error('first')
  const fail = (error: unknown): void => {
    throw error
  }
  expect(safely(() => fail(first))).toBeUndefined()
  expect(safely(() => fail('second'))).toBeUndefined()
  expect(hookFailures()).toEqual({ count: 2, first })
  const [warning] = (await warned) as [Error]
  expect(warning).toMatchObject({ name: 'ConductorStallAgentWarning' })
  expect(warning.message).toContain('Error: first')
})
