import { expect, test } from 'vitest'

test('adds', async () => {
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(1 + 2).toBe(3)
})
test('is meant to fail', () => expect(1 + 2).toBe(4))
