import { expect, test } from 'vitest'
import { workText, worksText, type Work } from '../../../src/model/work.js'

const task = { taskId: 't-1', taskType: 'charge', workflowId: 'w-1', retryCount: 0, pollCount: 1 }
const trace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }

test('names task, type and workflow; a retry and further polls only where there are any', () => {
  expect(workText({ task })).toBe('task t-1 (charge) of workflow w-1')
  expect(workText({ task: { ...task, retryCount: 2, pollCount: 3 } })).toBe(
    'task t-1 (charge) of workflow w-1, retry 2, polled 3 times',
  )
})

test('leaves out what is not known', () => {
  const bare = { taskId: 't-1', taskType: null, workflowId: null, retryCount: null, pollCount: null }
  expect(workText({ task: bare })).toBe('task t-1')
  expect(workText({})).toBe('')
})

test('adds trace and span, and the keys of other stores', () => {
  expect(workText({ trace })).toBe(`trace ${trace.traceId}, span ${trace.spanId}`)
  expect(workText({ task, stores: [{ class: 'Map', keys: ['a', 'b'] }] })).toBe(
    'task t-1 (charge) of workflow w-1; a store of class Map with the keys a, b',
  )
})

test('shows two of many, and says how many more there are', () => {
  const works: Work[] = ['a', 'b', 'c', 'd'].map((taskId) => ({ task: { ...task, taskId } }))
  expect(worksText(works)).toBe('task a (charge) of workflow w-1, and task b (charge) of workflow w-1, and 2 more')
})
