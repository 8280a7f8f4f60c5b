import { expect, test } from 'vitest'
import { joinEvidence } from '../../../src/evidence/join.js'
import type { CaptureOutcome } from '../../../src/model/outcome.js'
import { StallError } from '../../../src/model/stall-error.js'
import { awaitNode, evidence, idleMain, kernelLook, kernelThread, mainStack, socket } from '../../support/evidence.js'

const { process } = evidence([{}])

function captured<E>(value: E, pausedMs = 0): CaptureOutcome<E> {
  return { status: 'captured', evidence: value, tookMs: 1, pausedMs }
}

function awaits(...nodes: ReturnType<typeof awaitNode>[]) {
  return captured({
    engine: 'memory' as const,
    awaits: nodes,
    roots: [],
    suspended: nodes.length,
    pausedMs: 0,
    notes: [],
  })
}

test('joins an await to its socket by descriptor', () => {
  const joined = joinEvidence({
    process,
    stall: null,
    from: 'outside',
    looks: [
      {
        takenAtMs: 0,
        kernel: captured(
          kernelLook({
            sockets: [socket({ fd: 9 }), socket({ fd: 21, sendQueueBytes: 300, unacknowledged: true, retransmits: 4 })],
          }),
        ),
        awaits: awaits(awaitNode('poll', 18, { kind: 'socket', summary: 'a socket', fd: 21 })),
      },
    ],
  })
  expect(joined.looks[0]?.awaits?.awaits[0]?.waitsFor).toMatchObject({
    fd: 21,
    peer: '10.0.0.5:8080',
    state: 'ESTABLISHED',
    sendQueueBytes: 300,
    retransmits: 4,
    unacknowledged: true,
  })
})

test('tells in how many looks and for how long an await has not moved', () => {
  const stuck = awaitNode('poll', 18, { kind: 'socket', summary: 'a socket', fd: 21 })
  const passing = awaitNode('sleep', 30, { kind: 'timer', summary: 'a timer', dueInMs: 100 })
  const joined = joinEvidence({
    process,
    stall: null,
    from: 'outside',
    looks: [
      { takenAtMs: 1_000, awaits: awaits(stuck, passing) },
      { takenAtMs: 2_000, awaits: awaits(stuck) },
      { takenAtMs: 3_500, awaits: awaits(stuck, passing) },
    ],
  })
  const [first, second] = joined.looks.at(-1)?.awaits?.awaits ?? []
  expect(first).toMatchObject({ looks: 3, seenMs: 2_500 })
  expect(second).toMatchObject({ looks: 1, seenMs: null })
})

test('takes the same place on another connection for another wait', () => {
  const on = (fd: number) => awaits(awaitNode('poll', 18, { kind: 'socket', summary: 'a socket', fd }))
  const kernel = captured(
    kernelLook({
      sockets: [
        socket({ fd: 21 }),
        socket({ fd: 22, local: '10.0.0.2:50001', lastSentMs: 900, lastReceivedMs: 4_000 }),
      ],
    }),
  )
  const joined = joinEvidence({
    process,
    stall: null,
    from: 'outside',
    looks: [
      { takenAtMs: 0, kernel, awaits: on(21) },
      { takenAtMs: 2_000, kernel, awaits: on(22) },
    ],
  })
  expect(joined.looks[1]?.awaits?.awaits[0]).toMatchObject({ looks: 1, seenMs: null, waitsFor: { sinceMs: 900 } })
})

test('lists threads without a stack as the kernel sees them, main first', () => {
  const kernel = kernelLook({
    threads: [
      kernelThread({ tid: 12, role: 'pool', kernelState: 'D', wchan: 'io_schedule' }),
      kernelThread({ tid: 10, wchan: 'ep_poll' }),
    ],
  })
  const joined = joinEvidence({
    process,
    stall: null,
    from: 'outside',
    looks: [{ takenAtMs: 0, kernel: captured(kernel), stacks: captured([idleMain()]) }],
  })
  expect(joined.looks[0]?.threads).toMatchObject([
    { tid: 10, state: 'idle', wchan: 'ep_poll', engine: 'memory' },
    { tid: 12, state: 'disk', wchan: 'io_schedule', engine: 'kernel', frames: [] },
  ])
})

test('says stopped when the kernel does, whatever the stack engine thought', () => {
  const joined = joinEvidence({
    process,
    stall: null,
    from: 'outside',
    looks: [
      {
        takenAtMs: 0,
        kernel: captured(kernelLook({ threads: [kernelThread({ kernelState: 'T' })] })),
        stacks: captured([mainStack({ state: 'sleeping' })]),
      },
    ],
  })
  expect(joined.looks[0]?.threads?.[0]?.state).toBe('stopped')
})

test('lists what was tried and not had, with the reason, and adds up the pauses', () => {
  const joined = joinEvidence({
    process,
    stall: null,
    from: 'inside',
    looks: [
      {
        takenAtMs: 0,
        stacks: { status: 'unavailable', error: new StallError('ERR_STALL_PERMISSION', 'mem refused') },
        kernel: captured(kernelLook(), 2),
      },
    ],
    samples: { status: 'timed-out', elapsedMs: 5_000 },
    profile: captured(
      { artifact: 'a', durationMs: 1, samples: 1, hot: [], gcShare: 0, idleShare: 0, programShare: 0 },
      3,
    ),
    cost: { cpuMs: 9 },
  })
  expect(joined.missing).toEqual([
    { what: 'stacks', why: 'ERR_STALL_PERMISSION', message: 'mem refused' },
    { what: 'stack-samples', why: 'ERR_STALL_TIMEOUT', message: 'gave up after 5000 ms' },
  ])
  expect(joined.cost).toMatchObject({ pausedMs: 5, cpuMs: 9 })
  expect(joined.looks[0]?.threads).toEqual([])
})

test('keeps what an earlier look found of an await whose search ran out of time', () => {
  const found = awaitNode('load', 7, { kind: 'http-request', summary: 'GET http://a/b', fd: 21 })
  const late = awaitNode('load', 7, { kind: 'unknown', summary: 'no settler found', cutShort: true })
  const held = awaitNode('load', 7, { kind: 'unknown', summary: 'its resolve function is held by a' })
  const last = (...nodes: ReturnType<typeof awaitNode>[]) =>
    joinEvidence({
      process,
      stall: null,
      from: 'outside',
      looks: nodes.map((node, i) => ({ takenAtMs: i * 1_000, awaits: awaits(node) })),
    }).looks.at(-1)?.awaits?.awaits[0]?.waitsFor
  expect(last(found, late)).toMatchObject({ kind: 'http-request', doubt: 'found in an earlier look only' })
  expect(last(found, held)?.kind).toBe('unknown')
  expect(last(late, found)?.doubt).toBeUndefined()
})

test('calls the main thread main, whatever the program is called', () => {
  const [look] = joinEvidence({
    process,
    stall: null,
    from: 'outside',
    looks: [
      {
        takenAtMs: 0,
        kernel: captured(kernelLook({ threads: [kernelThread(), kernelThread({ tid: 11, role: 'pool' })] })),
      },
    ],
  }).looks
  expect(look?.threads?.map((thread) => thread.name)).toEqual(['main', 'node'])
})

test('lists a heap figure that could not be read, although the others were', () => {
  const heap = { usedBytes: null, committedBytes: 5, limitBytes: 9, externalBytes: 0, collections: 1, markCompacts: 0 }
  const joined = joinEvidence({
    process,
    stall: null,
    from: 'outside',
    looks: [{ takenAtMs: 0, heap: captured({ ...heap, collectingShare: 0 }) }],
  })
  expect(joined.missing).toEqual([expect.objectContaining({ what: 'heap.usedBytes' })])
})
