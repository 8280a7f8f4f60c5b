import { expect, test } from 'vitest'
import { diagnose } from '../../../src/diagnose/diagnose.js'
import { evidence, frame, idleMain, loopState, mainStack, WORKER } from '../../support/evidence.js'

const work = {
  task: { taskId: 't-1', taskType: 'charge', workflowId: 'w-1', retryCount: 1, pollCount: 1 },
  trace: { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' },
}

test('says whose work a running frame does', () => {
  const stack = (line: number) => mainStack({ frames: [frame('spin', line)], loop: loopState(), work })
  const [first] = diagnose(evidence([{ threads: [stack(7)] }, { threads: [stack(8)] }]))
  expect(first).toMatchObject({ kind: 'computing', work: [work] })
  expect(first?.summary).toMatch(
    / This is work of task t-1 \(charge\) of workflow w-1, retry 1; trace 4bf9\w+, span 00f0\w+\.$/,
  )
})

test('says nothing of work that nobody knows', () => {
  const stack = mainStack({ frames: [frame('spin', 7)], loop: loopState() })
  const [first] = diagnose(evidence([{ threads: [stack] }, { threads: [stack] }]))
  expect(first?.kind).toBe('computing')
  expect(first).not.toHaveProperty('work')
  expect(first?.summary).not.toContain('work of')
})

test('says whose work a parked await does', () => {
  const node = {
    function: 'charge',
    file: WORKER,
    line: 4,
    column: 9,
    kind: 'async function' as const,
    count: 1,
    awaitedBy: [],
    waitsFor: { kind: 'nothing' as const, summary: 'nothing alive can settle it' },
    work: [work],
  }
  const tree = { engine: 'memory' as const, awaits: [node], roots: [], suspended: 1, pausedMs: 0, notes: [] }
  const look = { threads: [idleMain()], awaits: tree }
  const [first] = diagnose(evidence([look, look]))
  expect(first).toMatchObject({ kind: 'awaiting', cause: 'never-settles', work: [work] })
  expect(first?.summary).toContain('task t-1 (charge) of workflow w-1')
})
