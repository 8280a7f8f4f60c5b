import { expect, test } from 'vitest'
import { TaskCeiling } from '../../../../src/integrations/queues/task-ceiling.js'

const task = (timeoutSeconds?: number) => ({
  responseTimeoutSeconds: 5,
  workflowTask: { taskDefinition: timeoutSeconds === undefined ? null : { timeoutSeconds } },
})

test('holds a task without a lease to its response time-out, whatever else is set', () => {
  const ceiling = new TaskCeiling(90_000)
  ceiling.took('demo', 40)
  expect(ceiling.of('demo', task(60), false)).toBe(5000)
  expect(ceiling.of('demo', {}, false)).toBeUndefined()
})

test('holds a leased task to the setting, else to its definition', () => {
  expect(new TaskCeiling(90_000).of('demo', task(60), true)).toBe(90_000)
  expect(new TaskCeiling(0).of('demo', task(60), true)).toBe(60_000)
  // 0 in a definition means no time-out.
  expect(new TaskCeiling(0).of('demo', task(0), true)).toBeUndefined()
})

test('else to ten times what its type usually takes, once that is known', () => {
  const ceiling = new TaskCeiling(0)
  ceiling.took('slow', 20_000)
  ceiling.took('slow', 20_000)
  expect(ceiling.of('slow', task(), true)).toBeUndefined()
  ceiling.took('slow', 20_000)
  expect(ceiling.of('slow', task(), true)).toBe(200_000)
  expect(ceiling.of('other', task(), true)).toBeUndefined()
})

test('takes no short task for stuck within a minute', () => {
  const ceiling = new TaskCeiling(0)
  for (let i = 0; i < 5; i++) ceiling.took('quick', 10)
  expect(ceiling.of('quick', task(), true)).toBe(60_000)
})
