import { expect, test } from 'vitest'
import { describeAnswer, sayIncident } from '../../../../src/agent/watch-thread/incident-line.js'
import type { CaptureAnswer } from '../../../../src/agent/shared/messages.js'
import type { Stall } from '../../../../src/model/stall.js'
import type { Work } from '../../../../src/model/work.js'

const stall: Stall = {
  trigger: 'poll-success',
  level: 'warn',
  clock: 'conductor:charge',
  ageMs: 4000,
  thresholdMs: 4000,
  noticedAt: 0,
  clocks: [],
}

function answer(work?: readonly Work[]): CaptureAnswer {
  return {
    incident: '01X',
    bundlePath: '/var/01X',
    verdict: {
      name: 'awaiting/slots-exhausted',
      confidence: 'high',
      summary: '',
      place: 'charge (worker.js:31)',
      ...(work === undefined ? {} : { work }),
    },
    verdicts: ['awaiting/slots-exhausted'],
    problem: null,
  }
}

function task(taskId: string, retryCount: number | null = null, pollCount: number | null = null): Work {
  return { task: { taskId, taskType: 'charge', workflowId: '77aa', retryCount, pollCount } }
}

test('names the task, its type and workflow, retry and poll count in the line', () => {
  expect(describeAnswer(answer([task('8f2c', 1, 3)]))).toBe(
    'awaiting/slots-exhausted at charge (worker.js:31), task 8f2c (charge) of workflow 77aa, retry 1, polled 3 times, /var/01X',
  )
})

test('names two of several tasks, and counts the others', () => {
  expect(describeAnswer(answer(['a', 'b', 'c'].map((id) => task(id))))).toContain(
    'task a (charge) of workflow 77aa, and task b (charge) of workflow 77aa, and 1 more, /var/01X',
  )
})

test('says nothing of work where nothing is known of it', () => {
  expect(describeAnswer(answer())).toBe('awaiting/slots-exhausted at charge (worker.js:31), /var/01X')
})

test('gives all tasks as a field of the line, for whoever searches logs by a task', () => {
  const said: unknown[] = []
  const keep = (_line: string, fields: unknown): void => void said.push(fields)
  const logger = { debug: keep, info: keep, warn: keep, error: keep }
  sayIncident(logger, stall, answer([task('8f2c')]))
  sayIncident(logger, stall, answer())
  expect(said[0]).toMatchObject({ work: [task('8f2c')] })
  expect(said[1]).not.toHaveProperty('work')
})
