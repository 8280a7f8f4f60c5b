// For jest and mocha: one test that passes and one that is meant to fail.
const assert = require('node:assert')
const sum = (a, b) => a + b
const { test, it } = globalThis
const declare = test ?? it
declare('adds', async () => {
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(sum(1, 2), 3)
})
declare('is meant to fail', () => assert.equal(sum(1, 2), 4))
