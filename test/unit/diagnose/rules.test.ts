import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../src/diagnose/diagnose.js'
import { joinEvidence } from '../../../src/evidence/join.js'
import type { AwaitNode, PoolMember, Taking, WaitsFor } from '../../../src/model/await.js'
import type { Evidence, Look, TaskInFlight } from '../../../src/model/evidence.js'
import type { HealOutcome } from '../../../src/model/heal.js'
import type { ClockReading } from '../../../src/model/heartbeat.js'
import type { CgroupState, KernelState } from '../../../src/model/kernel.js'
import type { CaptureOutcome } from '../../../src/model/outcome.js'
import { doubted } from '../../../src/report/wait/wait-words.js'
import {
  awaitNode,
  clock,
  evidence,
  frame,
  idleMain,
  kernelLook,
  kernelThread,
  loopState,
  mainStack,
  nativeFrame,
  pathOf,
  silence,
  socket,
  WORKER,
} from '../../support/evidence.js'

function captured<E>(value: E): CaptureOutcome<E> {
  return { status: 'captured', evidence: value, tookMs: 1, pausedMs: 0 }
}

/** The same awaits in two looks `gapMs` apart, over an idle loop. */
function parked(
  nodes: readonly AwaitNode[],
  over: Partial<Evidence> & { kernel?: KernelState; look?: Partial<Look> } = {},
): Evidence {
  const { kernel = kernelLook({ sockets: [socket()] }), look = {}, ...rest } = over
  const tree = { engine: 'memory' as const, awaits: nodes, roots: [], suspended: nodes.length, pausedMs: 0, notes: [] }
  const round = (takenAtMs: number) => ({
    takenAtMs,
    kernel: captured({ ...kernel, takenAtMs }),
    stacks: captured([idleMain()]),
    awaits: captured(tree),
    ...(look.pool ? { pool: captured(look.pool) } : {}),
    clocks: look.clocks ?? null,
  })
  const joined = joinEvidence({
    process: evidence([{}]).process,
    stall: null,
    from: 'outside',
    looks: [round(0), round(2_000)],
  })
  return { ...joined, ...rest }
}

function first(of: Evidence) {
  const [verdict] = diagnose(of)
  return {
    name: `${verdict?.kind}/${verdict?.cause}`,
    confidence: verdict?.confidence,
    line: verdict?.where?.line ?? null,
    verdict,
  }
}

const request = (over = {}) =>
  awaitNode('load', 7, { kind: 'http-request', summary: 'GET http://a/b', url: 'http://a/b', fd: 21, ...over })

describe('a wait on a connection', () => {
  test('is no more than a guess while it may be a slow server', () => {
    expect(first(parked([request({ sinceMs: 9_000 })])).confidence).toBe('low')
  })

  test('stays a guess however long the connection is silent, and goes before what is said of a quiet process', () => {
    for (const sinceMs of [25_000, 70_000]) {
      const told = first(parked([request({ sinceMs })]))
      expect(told).toMatchObject({ name: 'awaiting/http-response', confidence: 'low', line: 7 })
    }
  })

  test('is said to have no handshake when nothing ever came on it', () => {
    const having = (receivedBytes: number): string | undefined => {
      const kernel = kernelLook({ sockets: [socket({ receivedBytes })] })
      return first(parked([request({ sinceMs: 25_000 })], { kernel })).verdict?.summary
    }
    expect(having(0)).toContain('nothing ever came')
    expect(having(12)).not.toContain('nothing ever came')
  })

  test('is no stall when it is a long poll that is due back', () => {
    const poll = first(parked([request({ url: 'http://a/api/tasks/poll/batch/x', sinceMs: 50_000 })]))
    expect(poll).toMatchObject({ name: 'idle/null', confidence: 'low', line: 7 })
    expect(poll.verdict?.summary).toMatch(/the answer to .*\/x, for 50 s at least: normal for a long poll/)
  })

  test('is told at any age when a clock is silent', () => {
    expect(first(parked([request()], { stall: silence() }))).toMatchObject({
      name: 'awaiting/http-response',
      confidence: 'high',
    })
  })

  test('names the SDK’s own time-out when it is a poll of Conductor’s, and nobody’s else', () => {
    const next = (url: string): string | undefined =>
      first(parked([request({ url })], { stall: silence() })).verdict?.nextStep
    expect(next('http://a/api/tasks/poll/batch/x')).toContain('CONDUCTOR_REQUEST_TIMEOUT_MS')
    expect(next('http://a/api/charges')).toContain('AbortSignal.timeout')
  })

  test('is socket-unacknowledged when its bytes are sent again', () => {
    const kernel = kernelLook({ sockets: [socket({ sendQueueBytes: 300, unacknowledged: true, retransmits: 5 })] })
    expect(first(parked([request()], { kernel }))).toMatchObject({
      name: 'awaiting/socket-unacknowledged',
      confidence: 'high',
    })
  })

  describe('is connection-reused-dead after failures in a row', () => {
    const URL = 'http://10.0.0.5:8080/api/tasks/poll/batch/orders'
    const failing = (options: { receivedMs: number | null; node?: Partial<AwaitNode> }): Evidence => {
      const look = { clocks: [clock({ failuresInRow: 3, ageMs: 100, lastSuccessMs: 240_000 })] }
      const kernel = kernelLook({ sockets: [socket({ lastReceivedMs: options.receivedMs })] })
      const poll = { ...request({ kind: 'http2-stream', url: URL }), ...options.node }
      return parked([poll], { look, kernel, stall: { ...silence(), trigger: 'poll-success' as const } })
    }
    test('names the SDK’s own setting where it is a poll of Conductor’s', () => {
      const dead = (name: string): string | undefined => {
        const failed = failing({ receivedMs: 239_000 })
        const looks = failed.looks.map((each) => ({
          ...each,
          clocks: (each.clocks ?? []).map((one) => ({ ...one, name })),
        }))
        const found = diagnose({ ...failed, looks })
        return found.find(({ cause }) => cause === 'connection-reused-dead')?.nextStep
      }
      expect(dead('conductor:orders')).toContain('CONDUCTOR_DISABLE_HTTP2=true')
      expect(dead('orders')).toContain('allowH2: false')
    })

    const tried = (answered: boolean) => ({ freshConnections: [{ peer: '10.0.0.5:8080', answered, tookMs: 4 }] })

    test('and high only with a fresh answer and a connection as old as the failures', () => {
      const dead = failing({ receivedMs: 239_000 })
      expect(first(dead)).toMatchObject({ name: 'awaiting/connection-reused-dead', confidence: 'medium' })
      expect(first({ ...dead, ...tried(true) })).toMatchObject({
        name: 'awaiting/connection-reused-dead',
        confidence: 'high',
      })
    })

    test('and names the two ends of the one connection, so that it can be closed', () => {
      const dead = first({ ...failing({ receivedMs: 239_000 }), ...tried(true) })
      expect(dead.verdict?.connection).toMatchObject({ peer: '10.0.0.5:8080' })
      expect(dead.verdict?.connection?.local).toBe(socket().local)
    })

    describe('of a function that is instrumented, whose requests no name calls polls', () => {
      const of = (receivedMs: number, ...more: AwaitNode[]): Evidence => {
        const look = {
          clocks: [clock({ kind: 'custom', failuresInRow: 3, ageMs: 100, inFlightMs: 600, lastSuccessMs: 240_000 })],
        }
        const kernel = kernelLook({ sockets: [socket({ lastReceivedMs: receivedMs })] })
        const node = { ...request({ kind: 'http2-stream', url: 'https://a/jobs' }), function: 'next', awaitedBy: [] }
        return parked([node, ...more], { look, kernel, stall: { ...silence(), trigger: 'poll-success' as const } })
      }

      test('medium, and the request that is in flight is no older than its own call', () => {
        const dead = of(239_000)
        expect(first(dead)).toMatchObject({ name: 'awaiting/connection-reused-dead', confidence: 'medium' })
        const plain = diagnose(dead).find(({ cause }) => cause === 'http-response')
        expect(plain?.summary).not.toContain('at least')
        expect(plain?.nextStep).toContain('tried again')
      })

      test('but not on a connection that brought data meanwhile, nor where requests go to several servers', () => {
        const causes = (one: Evidence) => diagnose(one).map(({ cause }) => cause)
        expect(causes(of(500))).not.toContain('connection-reused-dead')
        const other = awaitNode('other', 9, {
          kind: 'http-request',
          url: 'http://b/x',
          peer: '10.0.0.9:80',
          summary: 'GET http://b/x, no answer',
        })
        expect(causes(of(239_000, other))).not.toContain('connection-reused-dead')
      })
    })

    const heal = (outcome: HealOutcome): Evidence => {
      const dead = { ...failing({ receivedMs: 239_000 }), ...tried(true) }
      const connection = { local: '10.0.0.2:5000', peer: '10.0.0.5:8080' }
      const steps = [{ atMs: 0, text: 'asked' }]
      const verdict = { summary: 'poll waits.', where: null, chain: [] }
      return {
        ...dead,
        stall: {
          ...silence(),
          trigger: 'poll-success',
          heal: { outcome, connection, incident: '01A', steps, verdict },
        },
      }
    }

    test('and is proved where a poll was answered after it was closed, whatever the worker does since', () => {
      const well = { ...heal('answered'), looks: evidence([{}]).looks }
      expect(first(well)).toMatchObject({ name: 'awaiting/connection-reused-dead', confidence: 'high' })
      expect(first(well).verdict?.summary).toContain('Before: poll waits.')
    })

    test('but not where the connection itself answered, and as ever where closing it did not help', () => {
      expect(diagnose(heal('alive')).map(({ cause }) => cause)).not.toContain('connection-reused-dead')
      expect(first(heal('no-answer'))).toMatchObject({ name: 'awaiting/connection-reused-dead', confidence: 'high' })
      expect(first(heal('no-answer')).verdict?.summary).not.toContain('was closed')
    })

    test('and only a guess while nothing tells how old the connection is', () => {
      const found = diagnose({ ...failing({ receivedMs: null }), ...tried(true) })
      expect(found.find((verdict) => verdict.cause === 'connection-reused-dead')?.confidence).toBe('low')
      expect(found[0]?.cause).toBe('http-response')
    })

    test('and high in code of the library alone, since no code is to blame', () => {
      const file = '/app/node_modules/sdk/poller.js'
      const dead = failing({ receivedMs: 239_000, node: { file, awaitedBy: [] } })
      expect(first({ ...dead, ...tried(true) }).confidence).toBe('high')
    })

    test('and only a guess when a fresh connection is not answered either', () => {
      const found = diagnose({ ...failing({ receivedMs: 239_000 }), ...tried(false) })
      const dead = found.find((verdict) => verdict.cause === 'connection-reused-dead')
      expect(dead?.confidence).toBe('low')
      expect(found[0]?.cause).toBe('http-response')
    })

    test('but not on a connection younger than the failures, or one that still brings data', () => {
      const found = diagnose({ ...failing({ receivedMs: 59_000 }), ...tried(true) })
      expect(found.map((verdict) => verdict.cause)).not.toContain('connection-reused-dead')
    })

    describe('where the poll changed while it was read', () => {
      const unseen = (receivedMs: number): Evidence =>
        failing({ receivedMs, node: { waitsFor: { kind: 'unknown', summary: 'something that was not found' } } })

      test('and high with a fresh answer from the server of the settings, and silence from it', () => {
        const dead = first({ ...unseen(239_000), ...tried(true) })
        expect(dead).toMatchObject({ name: 'awaiting/connection-reused-dead', confidence: 'high' })
        expect(dead.verdict?.summary).toContain('kept connection to 10.0.0.5:8080')
      })

      test('but not without that answer, nor where something came', () => {
        for (const evidence of [
          unseen(239_000),
          { ...unseen(239_000), ...tried(false) },
          { ...unseen(59_000), ...tried(true) },
        ]) {
          expect(diagnose(evidence).map(({ cause }) => cause)).not.toContain('connection-reused-dead')
        }
      })
    })

    test('and is found in the earlier look when the last one falls between two polls', () => {
      const dead = failing({ receivedMs: 239_000 })
      const [one, two] = dead.looks
      if (one === undefined || two?.awaits == null) throw new Error('two looks')
      const looks = [one, { ...two, awaits: { ...two.awaits, awaits: [] } }]
      expect(first({ ...dead, looks, ...tried(true) })).toMatchObject({
        name: 'awaiting/connection-reused-dead',
        confidence: 'high',
      })
    })
  })
})

test('says of an idle server that nothing proves progress or a stall', () => {
  const quiet = first(parked([]))
  expect(quiet).toMatchObject({ name: 'idle/null', confidence: 'low' })
  expect(quiet.verdict?.summary).toContain('No function of yours is waiting')
  expect(quiet.verdict?.nextStep).not.toContain('Nothing to do')
})

test('knows progress without a clock by data that came and was read', () => {
  const kernel = kernelLook({ sockets: [socket({ lastReceivedMs: 300 })] })
  expect(first(parked([], { kernel }))).toMatchObject({ name: 'beating/null', confidence: 'medium' })
  const unread = kernelLook({ sockets: [socket({ lastReceivedMs: 300, receiveQueueBytes: 9 })] })
  expect(first(parked([], { kernel: unread })).name).toBe('idle/null')
  const old = kernelLook({ sockets: [socket({ lastReceivedMs: 2_300 })] })
  expect(first(parked([], { kernel: old })).name).toBe('idle/null')
})

test('takes no ping for progress, nor events of the engine, however far apart a crowded machine puts the looks', () => {
  const farApart = (kernel: Partial<KernelState>, events: number): Evidence => {
    const stacks = [0, events].map((count) =>
      idleMain({ loop: loopState({ polling: true, turns: 100 + count, events: count, asyncIds: count }) }),
    )
    const awaits = { engine: 'memory' as const, awaits: [], roots: [], suspended: 0, pausedMs: 0, notes: [] }
    const looks = stacks.map((stack) => ({ threads: [stack], kernel: kernelLook(kernel), awaits }))
    return evidence(looks, {}, 12_000)
  }
  const came = (lastReceivedMs: number) => ({ sockets: [socket({ lastReceivedMs })] })
  expect(first(farApart(came(5_000), 0)).name).toBe('idle/null')
  expect(first(farApart(came(300), 0)).name).toBe('beating/null')
  expect(first(farApart({}, 12)).name).toBe('idle/null')
  expect(first(farApart({}, 120)).name).toBe('beating/null')
})

test('takes a queue of which nothing tells who holds it for unexplained, whatever ticks beside it', () => {
  const held = { function: 'syncAll', file: WORKER, line: 40, column: 3 }
  const lane = { kind: 'lock' as const, owner: 'Lane.#waiting', holders: [held], summary: 'a queue' }
  const ticking = awaitNode('reportHealth', 9, { kind: 'timer', summary: 'timer', sinceMs: 100, dueInMs: 4_900 })
  const waiting = (waits: WaitsFor) => first(parked([awaitNode('syncAll', 40, waits), ticking]))
  const { doubt, unproved } = doubted('holders-only-mention')
  expect(waiting({ ...lane, unproved, doubt })).toMatchObject({ name: 'awaiting/lock', confidence: 'low' })
  // One whose holder gets on by such a timer is served.
  const serving = { ...held, function: 'reportHealth', line: 9 }
  const served = waiting({ ...lane, unproved, doubt, holders: [serving] })
  expect(served).toMatchObject({ name: 'beating/null', confidence: 'medium' })
})

test('tells of answers that lie unread beside what moves, and says nothing of them when nobody has any', () => {
  const kernel = kernelLook({ sockets: [socket({ lastReceivedMs: 300 })] })
  const lying = { agent: 'Agent', unread: 3, sockets: 4, limit: 4, example: 'GET http://10.0.0.5/a.png, answer begun' }
  const having = (unreadAnswers: readonly (typeof lying)[]): Evidence => {
    const moving = parked([], { kernel })
    return {
      ...moving,
      looks: moving.looks.map((each) =>
        each.awaits === null ? each : { ...each, awaits: { ...each.awaits, unreadAnswers } },
      ),
    }
  }
  const leaking = first(having([lying])).verdict
  expect(leaking?.summary).toContain(
    '3 answers have started and lie unread on the sockets of Agent (at most 4 for a host)',
  )
  expect(leaking?.nextStep).toContain('Read or destroy the body')
  const well = first(having([])).verdict
  expect(well?.summary).not.toContain('unread')
  expect(well?.nextStep).not.toContain('Read or destroy')
})

test('knows progress without a clock by a timer that is another one than before', () => {
  const timer = (sinceMs: number) =>
    awaitNode('pollOnce', 8, { kind: 'timer', summary: 'timer of 30 s', sinceMs, dueInMs: 30_000 - sinceMs })
  expect(first(parked([timer(300)]))).toMatchObject({ name: 'beating/null', confidence: 'medium' })
  const same = first(parked([timer(12_000)]))
  expect(same).toMatchObject({ name: 'idle/null', confidence: 'low' })
  expect(same.verdict?.summary).toContain('pollOnce (worker.js:8) waits for a timer that is due in 18 s, set 12 s ago')
})

test('says beside what moves what has been pending for seconds, never that there is nothing to do', () => {
  const clocks = [clock()]
  const timer = awaitNode('reconnect', 8, { kind: 'timer', summary: 'timer of 30 s', sinceMs: 12_000, dueInMs: 18_000 })
  const { verdict } = first(parked([timer], { look: { clocks } }))
  expect(verdict).toMatchObject({ kind: 'beating' })
  expect(verdict?.summary).toContain('while reconnect (worker.js:8) waits for a timer')
  expect(verdict?.nextStep).not.toContain('Nothing to do')
})

test('never says that there is nothing to do beside those who wait for each other, however the loop turns', () => {
  const lock = { kind: 'lock' as const, summary: 'Mutex.waiters', heldThrough: 'module{a} > Mutex.waiters > Array[0]' }
  const holders = [{ function: 'audit', file: WORKER, line: 6, column: 1 }]
  const deadlock = awaitNode('acquire', 5, { ...lock, holders, deadlock: ['audit', 'transfer'] })
  const beating = diagnose(parked([deadlock])).find((each) => each.kind === 'beating')
  expect(beating?.confidence ?? 'low').toBe('low')
  expect(beating?.nextStep ?? '').not.toContain('Nothing to do')
})

test('tells of a request that is young for a stall and old for an answer', () => {
  const request = { kind: 'http-request' as const, summary: 'GET /', url: 'http://bank/charges', sinceMs: 13_000 }
  const clocks = [clock()]
  const found = diagnose(parked([awaitNode('charge', 4, request)], { look: { clocks } }))
  const beating = found.find((each) => each.kind === 'beating')
  expect(beating?.summary).toMatch(/^No stall is seen yet: its clock beats, while charge \(worker\.js:4\) .* for 13 s/)
  expect(beating?.nextStep).toContain('Look again')
  const still = diagnose(parked([awaitNode('charge', 4, request)]))
  expect(still.map((each) => `${each.kind} ${each.confidence}`)).toEqual(['awaiting low', 'idle low'])
})

test('says since when a timer is set, and is not surer of an old one', () => {
  const DAY_MS = 86_400_000
  const wait = { kind: 'timer' as const, summary: 'timer of 24 h', dueInMs: DAY_MS - 300_000, sinceMs: 300_000 }
  const timer = first(parked([awaitNode('backOff', 1, wait)]))
  expect(timer).toMatchObject({ name: 'awaiting/timer', confidence: 'medium' })
  expect(timer.verdict?.summary).toContain('is due in 23.9 h and was set 5 min ago')
})

test('tells a deadlock from a leaked lock', () => {
  const lock = { kind: 'lock' as const, summary: 'Mutex.waiters', parts: pathOf('a', 'Mutex.waiters') }
  const links = ['audit', 'transfer'].map((name) => ({ function: name, file: WORKER, line: 6, column: 1 }))
  const deadlock = awaitNode('acquire', 5, { ...lock, links })
  expect(first(parked([deadlock]))).toMatchObject({ name: 'awaiting/lock', confidence: 'high' })
  expect(first(parked([awaitNode('query', 24, lock)]))).toMatchObject({
    name: 'awaiting/lock',
    confidence: 'medium',
    line: 24,
  })
})

test('tells a circle of holders through a pool that is lent out whole by the pool, and no other circle', () => {
  const link = { function: 'rate', file: WORKER, line: 14, column: 3 }
  const lock = { kind: 'lock' as const, summary: 'deadlock', parts: pathOf('Transaction._resolver'), links: [link] }
  const pool = { owner: 'Pool.pendingAcquires', position: 0, queued: 1, lent: 1, idle: 0, size: 1, members: [] }
  const told = (line: number) => {
    const queued = awaitNode('rate', line, { kind: 'pool', summary: 'its turn', pool })
    return first(parked([awaitNode('order', 12, lock), queued])).name
  }
  expect(told(14)).toBe('awaiting/pool-exhausted')
  expect(told(40)).toBe('awaiting/lock')
})

test('takes a lock whose own code has a timer due soon for a limiter that goes on', () => {
  const lock = { kind: 'lock' as const, summary: 'Limiter.queue', parts: pathOf('mutex', 'Mutex.waiters') }
  const told = (dueInMs: number) =>
    first(parked([awaitNode('send', 24, { ...lock, guard: { afterMs: 5_000, dueInMs } })]))
  expect(told(2_000)).toMatchObject({ name: 'awaiting/lock', confidence: 'low' })
  expect(told(3_600_000)).toMatchObject({ name: 'awaiting/lock', confidence: 'medium' })
})

test('says of a program that waits to be told to end which signal that is', () => {
  const waits = { kind: 'emitter' as const, summary: 'event SIGTERM of process', event: 'SIGTERM', owner: 'process' }
  const told = (nodes: readonly AwaitNode[]) => {
    const { verdict } = first(parked(nodes))
    return `${verdict?.kind} ${verdict?.summary ?? ''}`
  }
  expect(told([awaitNode('serve', 3, waits)])).toMatch(/^idle .* It waits for the signal SIGTERM, as a server does/)
  expect(told([])).not.toContain('signal')
})

test('does not ask a peer where the connection is one of this process to itself', () => {
  const waits = { local: '127.0.0.1:5000', peer: '127.0.0.1:80', sent: true, sinceMs: 25_000 }
  const accepted = (local: string, peer: string) => socket({ fd: 22, local, peer })
  const next = (sockets: readonly ReturnType<typeof socket>[]) =>
    first(parked([request(waits)], { kernel: kernelLook({ sockets: [socket(), ...sockets] }) })).verdict?.nextStep ?? ''
  expect(next([])).toMatch(/^Look at what 127\.0\.0\.1:80 does/)
  expect(next([accepted('10.0.0.9:80', '10.0.0.7:5000')])).toMatch(/^Look at what 127\.0\.0\.1:80 does/)
  expect(next([accepted('127.0.0.1:80', '127.0.0.1:5000')])).toMatch(
    /^Find the handler of that request in this process/,
  )
  expect(next([accepted('[::ffff:127.0.0.1]:80', '[::ffff:127.0.0.1]:5000')])).toMatch(/^Find the handler/)
})

test('does not say that nothing is waited for where the awaits were not read to their end', () => {
  const whole = parked([])
  const looks = whole.looks.map((each) => ({ ...each, awaits: each.awaits && { ...each.awaits, cutShort: true } }))
  const said = (of: Evidence): string => diagnose(of).find(({ kind }) => kind === 'idle')?.summary ?? ''
  expect(said(whole)).toContain('No function of yours is waiting')
  expect(said({ ...whole, looks })).toContain('could not be read to the end')
})

test('blames who calls a lock of their own, not the lock', () => {
  const lock = { kind: 'lock' as const, summary: 'Mutex.waiters', parts: pathOf('a', 'Mutex.waiters') }
  const callers = { awaitedBy: [frame('transfer', 11)] }
  const own = awaitNode('acquire', 5, { ...lock, ownCode: true as const }, callers)
  expect(first(parked([own]))).toMatchObject({ name: 'awaiting/lock', line: 11 })
  expect(first(parked([awaitNode('acquire', 5, lock, callers)]))).toMatchObject({ line: 5 })
  expect(first(parked([awaitNode('acquire', 5, { ...lock, ownCode: true as const })]))).toMatchObject({ line: 5 })
})

test('puts a young request after the word that nothing is known, and takes a blocking command for no stall', () => {
  const request = { kind: 'http-request' as const, summary: 'GET /', url: 'http://bank/updates', sinceMs: 3_000 }
  const kinds = (found: readonly { kind: string; confidence: string }[]) =>
    found.map((each) => `${each.kind} ${each.confidence}`)
  expect(kinds(diagnose(parked([awaitNode('watch', 4, request)])))).toEqual(['idle low', 'awaiting low'])
  const pop = { kind: 'socket' as const, summary: 'socket', fd: 7, sinceMs: 90_000, blocking: 'brpop' }
  const waiting = diagnose(parked([awaitNode('take', 4, pop)]))
  expect(kinds(waiting)).toEqual(['idle low'])
  expect(waiting[0]?.summary).toContain('brpop, a command that waits at the server until something comes')
  expect(waiting[0]?.summary).toContain('normal while nothing is there for it')
  const silent = first(parked([awaitNode('take', 4, pop)], { stall: silence() }))
  expect(silent.name).toBe('awaiting/socket-reply')
  expect(silent.verdict?.nextStep).toContain('give brpop a time-out')
})

test('tells two locks whose users are parked on one another from two single waits', () => {
  const lock = { kind: 'lock' as const, summary: 'Mutex.waiters', doubt: 'the holders only mention the variable' }
  const parkedOn = (name: string, holder: string, from: string): AwaitNode =>
    awaitNode(
      'acquire',
      5,
      { ...lock, parts: pathOf(name, 'Mutex.waiters'), holders: [holderAt(holder)] },
      { awaitedBy: [frame(from, LINES[from] ?? 0)] },
    )
  const LINES: Readonly<Record<string, number>> = { transfer: 11, report: 12, third: 13 }
  const holderAt = (name: string) => ({ function: name, file: WORKER, line: LINES[name] ?? 0, column: 1 })
  const cycle = [parkedOn('audit', 'report', 'transfer'), parkedOn('costMeter', 'transfer', 'report')]
  const told = first(parked(cycle, { stall: silence() }))
  expect(told).toMatchObject({ name: 'awaiting/lock', confidence: 'medium' })
  expect(told.verdict?.summary).toContain('what looks like a deadlock')
  const line = [parkedOn('audit', 'report', 'transfer'), parkedOn('costMeter', 'third', 'report')]
  expect(first(parked(line, { stall: silence() })).verdict?.summary).not.toContain('deadlock')
})

describe('a queue of resolvers', () => {
  const plain = { kind: 'lock' as const, summary: 'a queue of user code', parts: pathOf('pending') }

  test('that nothing calls a lock may be a queue of work: a guess, and no beating above it', () => {
    const { verdict, ...rest } = first(parked([awaitNode('next', 24, plain)]))
    expect(rest).toMatchObject({ name: 'awaiting/lock', confidence: 'low' })
    expect(verdict?.summary).toContain('waits for the queue pending: what would take it out of there was not found')
    expect(verdict?.summary).not.toContain('released')
    expect(first(parked([awaitNode('next', 24, plain)], { stall: silence() })).confidence).toBe('medium')
  })

  test('whose holders only mention it is a lock perhaps', () => {
    const mutex = { ...plain, parts: pathOf('costMeter', 'Mutex.waiters'), owner: 'Mutex.waiters' }
    const holders = [{ function: 'audit', file: WORKER, line: 6, column: 1 }]
    const held = first(parked([awaitNode('acquire', 5, { ...mutex, holders })]))
    expect(held.confidence).toBe('medium')
    expect(held.verdict?.summary).toContain('the lock costMeter (Mutex.waiters), held by audit (worker.js:6)')
    expect(held.verdict?.signs.join()).not.toContain('module{')
    const doubt = 'the holders named mention the variable; whether they took the lock is not known'
    const mentioned = first(parked([awaitNode('acquire', 5, { ...mutex, holders, doubt })]))
    expect(mentioned.confidence).toBe('low')
    expect(mentioned.verdict?.summary).toContain('perhaps held by audit (worker.js:6)')
  })

  test('is a guess where its holder goes on when a timer fires, straight or through another lock', () => {
    const mutex = { ...plain, parts: pathOf('costMeter', 'Mutex.waiters'), owner: 'Mutex.waiters' }
    const at = (name: string, line: number) => ({ function: name, file: WORKER, line, column: 1 })
    const waiter = awaitNode('acquire', 5, { ...mutex, holders: [at('audit', 6)] })
    const inner = awaitNode('audit', 6, { ...mutex, holders: [at('report', 7)] })
    const timer = (dueInMs: number) => ({ kind: 'timer' as const, afterMs: 90_000, dueInMs, summary: 'timer' })
    const confidence = (...nodes: AwaitNode[]) => first(parked([waiter, ...nodes])).confidence
    expect(confidence()).toBe('medium')
    expect(confidence(awaitNode('audit', 6, timer(1_300)))).toBe('low')
    expect(confidence(inner, awaitNode('report', 7, timer(1_300)))).toBe('low')
    expect(confidence(inner, awaitNode('other', 8, timer(1_300)))).toBe('medium')
    // Not soon: what holds it may well be what is wrong.
    expect(confidence(awaitNode('audit', 6, timer(80_000)))).toBe('medium')
  })
})

test('takes a stack whose inner frames could not be read for no sign that a loop returned', () => {
  const whole = mainStack({
    frames: [frame('rebalance', 3), frame('execute', 13), frame('poll', 9)],
    loop: loopState(),
  })
  const outer = frame('processTicksAndRejections', 95, 'node:internal/process/task_queues')
  const cut = (probable: boolean) => mainStack({ frames: [{ ...outer, probable }], loop: loopState() })
  const looks = (odd: typeof whole) => [odd, whole, whole].map((each) => ({ threads: [each] }))
  expect(first(evidence(looks(cut(true))))).toMatchObject({ name: 'computing/loop', line: 3 })
  expect(first(evidence(looks(cut(false)))).name).toBe('computing/javascript')
})

test('takes a thread that computes for stuck only where nothing has woken the main thread for long', () => {
  const waits = awaitNode('print', 7, { kind: 'worker', summary: 'worker thread 1', threadId: 1 })
  const awaits = { engine: 'memory' as const, roots: [], suspended: 1, pausedMs: 0, notes: [] }
  const looking = (pollingMs: number, seenMs: number, count: number) => ({
    awaits: { ...awaits, awaits: [{ ...waits, looks: 2, seenMs, count }] },
    threads: [
      idleMain({ loop: loopState({ polling: true, pollingMs }) }),
      mainStack({
        tid: 14,
        role: 'worker',
        frames: [frame('render', 3)],
        loop: loopState({ stuckMs: 30_000 }),
        syscall: 'running',
      }),
    ],
  })
  const after = (pollingMs: number, count = 3) =>
    first(evidence([looking(pollingMs, 0, count), looking(pollingMs + 2_000, 2_000, count)]))
  expect(after(5_000)).toMatchObject({ name: 'awaiting/thread-message', confidence: 'low', line: 7 })
  expect(after(5_000).verdict?.summary).toContain(
    'which runs render (worker.js:3) (computing/loop) and may answer between its jobs',
  )
  expect(after(25_000)).toMatchObject({ name: 'awaiting/thread-message', confidence: 'medium', line: 7 })
  expect(after(25_000).verdict?.summary).toContain('which is stuck: render (worker.js:3)')
  // One call alone: the next would come in a turn of its own.
  expect(after(5_000, 1)).toMatchObject({ name: 'awaiting/thread-message', confidence: 'medium', line: 7 })
})

test('is not blocked in native code when it slept for a moment between two that it ran', () => {
  const running = mainStack({ frames: [frame('remember', 7), frame('main', 9)], loop: loopState() })
  // The stack was torn, and the system call that was read next to it says that it is on a CPU.
  const torn = (syscall: 'running' | null) => mainStack({ frames: [], state: 'sleeping', syscall, loop: loopState() })
  const looks = (last: typeof running) => [running, running, last].map((each) => ({ threads: [each] }))
  expect(first(evidence(looks(torn('running')))).name).toBe('computing/loop')
  expect(first(evidence(looks(torn(null)))).name).toBe('blocked-in-native/unknown')
})

describe('a thread that runs native code', () => {
  const called = (line: number) =>
    mainStack({ frames: [frame('scan', line), frame('poll', 9)], nativeCallee: '/srv/scanner.node', loop: loopState() })

  test('is in that call, and nothing less precise is said of it', () => {
    const verdicts = diagnose(evidence([{ threads: [called(3)] }, { threads: [called(3)] }]))
    expect(verdicts.map((each) => `${each.kind}/${each.cause}`)).toEqual(['blocked-in-native/addon'])
  })

  test('now and then only is computing', () => {
    const elsewhere = mainStack({ frames: [frame('scan', 7), frame('poll', 9)], loop: loopState() })
    const looks = [{ threads: [elsewhere] }, { threads: [elsewhere] }, { threads: [called(3)] }]
    expect(first(evidence(looks)).name).toBe('computing/loop')
  })
})

test('blames the parked tasks when a queue is waited for and they can reach it', () => {
  const holder = { function: 'run', file: '/srv/worker/src/worker.js', line: 30, column: 1 }
  const waiting = awaitNode('take', 12, {
    kind: 'lock',
    summary: 'q',
    heldThrough: 'module{s} > Slots.queue > Array[0]',
    holders: [holder],
  })
  const tasks = { ...request({ sinceMs: 70_000 }), count: 3, awaitedBy: [{ ...frame('run', 30), async: true }] }
  expect(first(parked([waiting, tasks]))).toMatchObject({ name: 'awaiting/slots-exhausted', line: 7 })
})

test('takes slots full of young tasks for work', () => {
  const clocks = [clock({ slots: 2, slotsInUse: 2, oldestTaskMs: 1_000, responseTimeoutMs: 60_000 })]
  expect(first(parked([], { look: { clocks } })).name).toBe('beating/null')
})

test('says slots-exhausted when every task is past its own response time-out', () => {
  const clocks = [
    clock({ slots: 2, slotsInUse: 2, oldestTaskMs: 90_000, responseTimeoutMs: 60_000, lastSuccessMs: 90_000 }),
  ]
  const stall = { ...silence(), trigger: 'poll-success' as const, clocks }
  expect(first(parked([request()], { look: { clocks }, stall }))).toMatchObject({
    name: 'awaiting/slots-exhausted',
    confidence: 'high',
    line: 7,
  })
})

test('says slots-exhausted from outside, where the loop beats and every slot is held by an overdue task', () => {
  const overdue = { slots: 2, slotsInUse: 2, oldestTaskMs: 90_000, youngestTaskMs: 80_000, responseTimeoutMs: 60_000 }
  const at = (of: Partial<ClockReading>): string =>
    first(parked([request()], { stall: null, look: { clocks: [clock({ ageMs: 100, ...overdue, ...of })] } })).name
  expect(at({})).toBe('awaiting/slots-exhausted')
  expect(at({ youngestTaskMs: 5_000 })).not.toBe('awaiting/slots-exhausted')
  expect(at({ slotsInUse: 1 })).not.toBe('awaiting/slots-exhausted')
  expect(at({ paused: true })).not.toBe('awaiting/slots-exhausted')
})

test('tells a blocking command past its own time-out from one that waits as long as it may', () => {
  const file = '/srv/node_modules/bullmq/dist/cjs/classes/worker.js'
  const at = (of: Partial<ClockReading>, waits: Partial<WaitsFor>): string => {
    const read = { ...request(), file, waitsFor: { kind: 'socket', fd: 9, summary: 'socket', ...waits } as WaitsFor }
    const clocks = [clock({ name: 'bullmq:invoices', ageMs: 60_000, inFlightMs: 60_000, ...of })]
    const stall = { ...silence(), clock: 'bullmq:invoices', clocks }
    return first(parked([read], { stall, look: { clocks } })).verdict?.summary ?? ''
  }
  const bzpopmin = { blocking: 'bzpopmin', blockingMs: 5000 }
  expect(at({}, bzpopmin)).toContain('bzpopmin, which the server answers after 5 s at the latest')
  expect(at({ inFlightMs: 6_000 }, bzpopmin)).not.toContain('at the latest')
  expect(at({ name: 'orders' }, bzpopmin)).not.toContain('at the latest')
  expect(at({}, { ...bzpopmin, blockingMs: 0 })).not.toContain('at the latest')
})

test('does not say slots-exhausted of a task that moves, however late it is', () => {
  const late = { clock: clock().name, taskId: 't', ageMs: 90_000, responseTimeoutMs: 60_000, execute: null }
  const other = { ...late, taskId: 'u' }
  const clocks = [clock({ slots: 2, slotsInUse: 2, oldestTaskMs: 90_000, lastSuccessMs: 90_000 })]
  const stall = { ...silence(), trigger: 'poll-success' as const, clocks }
  const names = (tasks: readonly TaskInFlight[]): string[] =>
    diagnose(parked([request()], { look: { clocks }, stall, tasks })).map(({ cause }) => String(cause))
  expect(names([late, other])).toContain('slots-exhausted')
  expect(names([late, { ...other, moved: true }])).not.toContain('slots-exhausted')
})

test('needs the same work in every pool thread and a queue behind it', () => {
  const work = (tid: number) => ({ kind: 'fs', what: '/f', tid, syscall: 'openat' })
  const pool = { size: 4, idle: 0, running: [1, 2, 3, 4].map(work), queued: [{ kind: 'fs', what: '/g' }] }
  const node = awaitNode('open', 6, { kind: 'file', summary: 'file /f', path: '/f' })
  expect(first(parked([node], { look: { pool } }))).toMatchObject({ name: 'awaiting/threadpool-exhausted', line: 6 })
  expect(first(parked([node], { look: { pool: { ...pool, queued: [] } } })).name).toBe('awaiting/file')
})

test.each([
  [
    'of jobs of one class is busy: nothing tells one from the next',
    'ScryptJob',
    'running',
    'low',
    'are busy with ScryptJob',
  ],
  ['of jobs that wait in the kernel hangs', 'ScryptJob', 'futex(word 0x1)', 'high', 'hang in ScryptJob'],
  ['of reads that are at work in every look is none', 'fs', 'running', undefined, ''],
])('a full pool %s', (_title, kind, syscall, confidence, words) => {
  const running = [1, 2, 3, 4].map((tid) => ({ kind, what: null, tid, syscall }))
  const pool = { size: 4, idle: 0, running, queued: [{ kind, what: null }] }
  const node = awaitNode('login', 6, { kind: 'pool-request', owner: kind, summary: kind })
  const found = diagnose(parked([node], { look: { pool } })).find(({ cause }) => cause === 'threadpool-exhausted')
  expect(found?.confidence).toBe(confidence)
  expect(found?.summary ?? '').toContain(words)
})

describe('while every pool thread hangs', () => {
  const PATH = '/srv/fifo'
  const running = (what: string | null, kind = 'fs') =>
    [1, 2, 3, 4].map((tid) => ({ kind, what, tid, syscall: 'openat' }))
  const found = (node: AwaitNode, work = running(PATH), queued = '/srv/out') => {
    const pool = { size: 4, idle: 0, running: work, queued: [{ kind: 'fs', what: queued }] }
    const { name, line, verdict } = first(parked([node], { look: { pool } }))
    return { name, line, summary: verdict?.summary, nextStep: verdict?.nextStep }
  }

  test('one that is queued is a victim, not who asked', () => {
    const node = awaitNode('saveInvoice', 7, { kind: 'file', summary: 'file /srv/out', path: '/srv/out' })
    const { name, line, summary, nextStep } = found(node)
    expect({ name, line }).toEqual({ name: 'awaiting/threadpool-exhausted', line: 7 })
    expect(summary).toContain(`all 4 threads hang in fs ${PATH}, and saveInvoice (worker.js:7) waits behind them;`)
    expect(summary).not.toContain('asked for')
    expect(nextStep).toMatch(/^Find out who makes this call/)
  })

  test.each([
    [1, 'perhaps asked for by'],
    [2, 'asked for by'],
  ])('of %i that wait for the same file with one of the queue: %s', (count, role) => {
    const node = awaitNode('load', 7, { kind: 'file', summary: `file ${PATH}`, path: PATH }, { count })
    expect(found(node, running(PATH), PATH).summary).toContain(`fs ${PATH}, ${role} load (worker.js:7)`)
  })

  test('one that waits for the same file asked for it', () => {
    const node = awaitNode('readInput', 7, { kind: 'file', summary: `file ${PATH}`, path: PATH })
    expect(found(node).summary).toContain(', asked for by readInput (worker.js:7);')
  })

  test('one that waits for some file may have asked for work that names none', () => {
    const node = awaitNode('readInput', 7, { kind: 'file', summary: `file ${PATH}`, path: PATH })
    expect(found(node, running(null, 'ReadFileJob')).summary).toContain(', perhaps asked for by readInput')
  })

  test('one that waits for another file, or for other work, is not named', () => {
    const other = awaitNode('load', 7, { kind: 'file', summary: 'file /srv/a', path: '/srv/a' })
    const look = awaitNode('load', 7, { kind: 'dns', summary: 'look-up of a', host: 'a' })
    for (const node of [other, look])
      expect(found(node)).toMatchObject({ line: null, summary: expect.not.stringContaining('load') })
  })
})

describe('a wait for a stream', () => {
  const told = (kind: 'stream' | 'emitter', owner: string, event?: string) => {
    const waits = { kind, summary: owner, owner, ...(event === undefined ? {} : { event }) }
    const { name, verdict } = first(parked([awaitNode('send', 7, waits)], { stall: silence() }))
    return `${name}: ${verdict?.summary} ${verdict?.nextStep}`
  }

  test.each([
    ['stream', 'Writable', 'drain'],
    ['emitter', 'Upload', 'finish'],
    ['stream', 'WriteStream', 'close'],
  ] as const)('that is written to (%s %s, %s) asks who takes what is written', (kind, owner, event) => {
    const text = told(kind, owner, event)
    expect(text).toContain(`awaiting/stream: send (worker.js:7) waits for ${owner} to ${event}`)
    expect(text).toContain('Find out what should read from this stream')
    expect(text).not.toContain('data from')
  })

  test('that is read asks who writes', () => {
    for (const text of [told('stream', 'Readable', 'readable'), told('stream', 'Readable')]) {
      expect(text).toContain('waits for data from Readable')
      expect(text).toContain('Find out what should write into this stream')
    }
  })

  test('that may be either asks who closes it', () => {
    const text = told('emitter', 'Server', 'close')
    expect(text).toContain('waits for Server to close')
    expect(text).toContain('Find out what should end or close it')
  })
})

test('takes an await at the top that nobody waits for for an idiom, at most a guess', () => {
  const node = awaitNode('main', 3, { kind: 'nothing', summary: 'no settler' })
  expect(first(parked([node])).confidence).toBe('low')
})

test('is sure of never-settles only where a clock or an overdue task misses it', () => {
  const node = awaitNode('load', 3, { kind: 'nothing', summary: 'no settler' })
  const task = { ...node, awaitedBy: [{ ...frame('poll', 9), async: true }] }
  expect(first(parked([task]))).toMatchObject({ name: 'awaiting/never-settles', confidence: 'low' })
  expect(first(parked([task], { stall: silence() }))).toMatchObject({ confidence: 'high' })
  const execute = { function: 'poll', file: WORKER, line: 8, column: 1 }
  const inFlight = { clock: 'poll:invoice', taskId: 't1', ageMs: 90_000, responseTimeoutMs: 60_000, execute }
  expect(first(parked([task], { tasks: [inFlight] }))).toMatchObject({ confidence: 'high' })
  expect(first(parked([task], { tasks: [{ ...inFlight, ageMs: 9_000 }] }))).toMatchObject({ confidence: 'low' })
  const seen = parked([task])
  const old = seen.looks.map((look) => ({
    ...look,
    awaits: look.awaits && { ...look.awaits, awaits: look.awaits.awaits.map((each) => ({ ...each, seenMs: 25_000 })) },
  }))
  expect(first({ ...seen, looks: old })).toMatchObject({ confidence: 'medium' })
})

describe('a task in flight', () => {
  const execute = { function: 'execute', file: '/srv/worker/src/worker.js', line: 8, column: 1 }
  const task = (over: Partial<TaskInFlight> = {}): TaskInFlight => ({
    clock: 'poll:invoice',
    taskId: 't1',
    ageMs: 90_000,
    responseTimeoutMs: 60_000,
    execute,
    collectedInLooks: 2,
    ...over,
  })
  const awaited = { ...frame('query', 31), async: true }
  const named = (kind: string, cause: string, of: Evidence) =>
    diagnose(of).find((each) => each.kind === kind && each.cause === cause)

  test('of which nothing is left in memory never settles, and its execute function is to blame', () => {
    const found = first(parked([], { tasks: [task()] }))
    expect(found).toMatchObject({ name: 'awaiting/never-settles', confidence: 'high', line: 8 })
  })

  test('that was collected goes before what the SDK itself still awaits, which is that task', () => {
    const sdk = { file: '/srv/worker/node_modules/sdk/dist/index.js' }
    const waits = { ...awaitNode('executeTask', 24, { kind: 'nothing', summary: 'no settler' }), ...sdk }
    const alone = diagnose(parked([waits], { stall: silence() }))
    expect(alone[0]).toMatchObject({ cause: 'never-settles', where: { function: 'executeTask' } })
    const both = diagnose(parked([waits], { stall: silence(), tasks: [task({ parked: [awaited] })] }))
    const places = both.filter(({ cause }) => cause === 'never-settles').map(({ where }) => where?.line)
    expect(places).toEqual([31])
  })

  test('that was collected is blamed where an earlier look saw it wait', () => {
    const found = first(parked([], { tasks: [task({ parked: [awaited] })] }))
    expect(found).toMatchObject({ name: 'awaiting/never-settles', line: 31 })
  })

  test.each([
    ['missed by one look', { collectedInLooks: 1 }, 'low'],
    ['within its response time-out', { responseTimeoutMs: 120_000 }, 'medium'],
    ['without a response time-out', { responseTimeoutMs: null }, 'medium'],
  ] as const)('%s is no certainty', (_title, over, confidence) => {
    expect(named('awaiting', 'never-settles', parked([], { tasks: [task(over)] }))?.confidence).toBe(confidence)
  })

  test.each([
    ['is still suspended', { collectedInLooks: 0, parked: [awaited] }],
    ['was not found in the heap', { collectedInLooks: undefined }],
    ['is young', { ageMs: 1_000 }],
  ] as const)('says nothing of the kind when it %s', (_title, over) => {
    expect(named('awaiting', 'never-settles', parked([], { tasks: [task(over as Partial<TaskInFlight>)] }))).toBe(
      undefined,
    )
  })

  test('in a slot is named with its place, and so are the others', () => {
    const clocks = [clock({ slots: 3, slotsInUse: 3, oldestTaskMs: 90_000, responseTimeoutMs: 60_000 })]
    const stall = { ...silence(), trigger: 'poll-success' as const, clocks }
    const { name } = clocks[0] as { name: string }
    const tasks = [
      task({ clock: name, taskId: 't1' }),
      task({ clock: name, taskId: 't2' }),
      task({ clock: name, taskId: 't3', collectedInLooks: 0, parked: [awaited] }),
    ]
    const found = named('awaiting', 'slots-exhausted', parked([], { tasks, stall, look: { clocks } }))
    expect(found?.where).toMatchObject({ function: 'execute', line: 8 })
    expect(found?.summary).toContain(
      '2 tasks of execute (worker.js:8), of which nothing is left in memory; 1 task at query (worker.js:31)',
    )
  })
})

test('says stopped of state T from outside, and nothing else', () => {
  const kernel = kernelLook({ threads: [kernelThread({ kernelState: 'T' })] })
  const looks = [{ kernel, threads: [mainStack({ state: 'stopped', frames: [frame('f', 1)] })] }]
  expect(diagnose(evidence(looks)).map((each) => `${each.kind}/${each.cause}`)).toEqual(['stopped/signal'])
})

test('says paused-by-debugger rather than blocked', () => {
  const threads = [
    mainStack({
      state: 'sleeping',
      frames: [nativeFrame('node::inspector::MainThreadInterface::WaitForFrontendEvent'), frame('f', 4)],
    }),
  ]
  expect(first(evidence([{ threads, debugger: 'paused' }]))).toMatchObject({
    name: 'paused-by-debugger/null',
    confidence: 'high',
    line: 4,
  })
})

function group(throttledMs: number, periods: number): CgroupState {
  return {
    version: 2,
    path: '/pod',
    cpuQuota: 0.01,
    periods,
    throttledPeriods: periods,
    throttledMs,
    memoryLimitBytes: null,
    memoryUsedBytes: null,
    memoryStallMs: null,
    cpuStallMs: null,
    frozen: null,
  }
}

function counters(onCpuMs: number, runQueueWaitMs: number) {
  return {
    userMs: 0,
    systemMs: 0,
    onCpuMs,
    runQueueWaitMs,
    majorFaults: 0,
    voluntarySwitches: null,
    involuntarySwitches: null,
  }
}

test.each([
  ['throttled and with next to no CPU', 20, 1_900, 'cpu-starved/cgroup-throttled'],
  ['throttled, yet with a third of a CPU', 700, 1_300, 'computing/loop'],
])('judges a worker that is %s', (_name, onCpuMs, waitMs, name) => {
  const threads = [mainStack({ frames: [frame('work', 3), frame('poll', 9)], loop: loopState() })]
  const at = (cpu: number, wait: number, lost: number, periods: number) => ({
    threads,
    kernel: kernelLook({
      threads: [kernelThread({ kernelState: 'R', counters: counters(cpu, wait) })],
      cgroup: group(lost, periods),
    }),
  })
  expect(first(evidence([at(0, 0, 0, 0), at(onCpuMs, waitMs, 1_800, 20)])).name).toBe(name)
})

test('says collecting-garbage only near a limit', () => {
  const heap = (committedBytes: number) => ({
    usedBytes: null,
    committedBytes,
    limitBytes: 100_000_000,
    externalBytes: 0,
    collections: 9,
    markCompacts: 3,
    collectingShare: 0.9,
  })
  const threads = [mainStack({ frames: [frame('fill', 3), frame('poll', 9)], loop: loopState() })]
  const looks = (committed: number) => [0, 1].map(() => ({ threads, heap: heap(committed) }))
  expect(first(evidence(looks(95_000_000)))).toMatchObject({ name: 'collecting-garbage/near-heap-limit', line: 3 })
  expect(first(evidence(looks(20_000_000))).name).toBe('computing/loop')
})

/** Nearly full, and collected most of the time. */
const FULL_HEAP = {
  usedBytes: null,
  committedBytes: 95_000_000,
  limitBytes: 100_000_000,
  externalBytes: 0,
  collections: 9,
  markCompacts: 3,
  collectingShare: 0.9,
}

test.each([
  ['that nothing came on for long are abandoned', 25_000, 'medium'],
  ['that may be under way are waited for', 2_000, 'low'],
])('connections of a closed server %s', (_name, lastReceivedMs, confidence) => {
  const wait = {
    kind: 'socket' as const,
    type: 'listening' as const,
    incoming: true,
    summary: 'the end of a connection of a server that was closed',
    open: { connections: 1, fds: [21] },
  }
  const kernel = kernelLook({ sockets: [socket({ fd: 21, peer: '10.0.0.7:51020', lastReceivedMs })] })
  const found = first(parked([awaitNode('shutDown', 7, wait)], { kernel }))
  expect(found).toMatchObject({ name: 'awaiting/unknown', confidence, line: 7 })
  expect(found.verdict?.summary).toContain('from 10.0.0.7:51020 (idle, silent for')
  expect(found.verdict?.nextStep).toMatch(/^End them/)
})

describe('what keeps a full heap', () => {
  const holding = (heldBytes: number) => ({
    kind: 'map' as const,
    count: 120_000,
    ownBytes: 6_000_000,
    heldBytes,
    entries: 'Order',
    by: 'root' as const,
    parts: [
      { name: 'module', slot: '{ledger}', role: 'module' as const },
      { name: 'Ledger', slot: '.#entries', role: 'object' as const },
    ],
    declared: { variable: 'ledger', file: '/srv/orders.js', line: 12, column: 1 },
  })
  const told = (heldBytes: number) => {
    const threads = [mainStack({ frames: [frame('fill', 3)], vmState: 'GC', loop: loopState() })]
    const retained = { holdings: [holding(heldBytes)], unheld: 0, heapBytes: 95_000_000, complete: true }
    const { verdict } = first(
      evidence(
        [0, 1].map(() => ({ threads, heap: FULL_HEAP })),
        { retained },
      ),
    )
    return verdict
  }

  test('is named with its variable, its entries and about how much', () => {
    const verdict = told(70_000_000)
    expect(verdict?.summary).toContain(
      'What it keeps: a Map of 120000 entries (Order) in ledger (Ledger.#entries, orders.js:12), about 67 MB.',
    )
    expect(verdict?.nextStep).toMatch(/^Bound what ledger \(Ledger\.#entries, orders\.js:12\) keeps/)
    expect(verdict?.signs).toContain('ledger (Ledger.#entries, orders.js:12) keeps about 74 % of the heap')
  })

  test('is not named where it keeps little', () => {
    const verdict = told(5_000_000)
    expect(verdict?.summary).not.toContain('What it keeps')
    expect(verdict?.nextStep).toMatch(/^See what this place keeps alive/)
  })
})

test('blames the line that allocates rather than the one where a debugger could stop', () => {
  const threads = [mainStack({ frames: [frame('fill', 4), frame('poll', 9)], vmState: 'GC', loop: loopState() })]
  const paused = Array.from({ length: 5 }, (_, i) => ({ atMs: i, frames: [frame('fill', 3), frame('poll', 9)] }))
  const samples = { engine: 'inspector' as const, samples: paused, missed: 0 }
  const found = first(
    evidence(
      [0, 1].map(() => ({ threads, heap: FULL_HEAP })),
      { samples },
    ),
  )
  expect(found).toMatchObject({ name: 'collecting-garbage/near-heap-limit', line: 4 })
})

test('takes what allocates in a loop from other stacks, where collections are put off until the loop jumps back', () => {
  const atLoop = [{ ...frame('fill', 3), lineOf: 'loop' as const }, frame('poll', 9)]
  const threads = [mainStack({ frames: atLoop, vmState: 'GC', loop: loopState() })]
  const looks = [0, 1].map(() => ({ threads, heap: FULL_HEAP }))
  const taken = [atLoop, [frame('fill', 4), frame('poll', 9)], atLoop].map((frames, atMs) => ({ atMs, frames }))
  const samples = (engine: 'memory' | 'inspector') => ({ engine, samples: taken, missed: 0 })
  expect(first(evidence(looks, { samples: samples('memory') }))).toMatchObject({ line: 4 })
  const marked = first(evidence(looks, { samples: samples('inspector') }))
  expect(marked.line).toBe(3)
  expect(marked.verdict?.summary).toContain('while fill (its loop at worker.js:3) allocates')
})

test('does not call a process idle of which neither the awaits nor the loop could be read', () => {
  const { loop: _loop, ...byKernel } = idleMain({ engine: 'kernel' })
  const looks = (stack: typeof byKernel) => [0, 1].map(() => ({ threads: [stack] }))
  expect(first(evidence(looks(byKernel))).name).toBe('unknown/null')
  expect(first(evidence(looks(idleMain()))).name).toBe('idle/null')
})

test('says of the garbage collector what was measured', () => {
  const heap = {
    usedBytes: null,
    committedBytes: 95_000_000,
    limitBytes: 100_000_000,
    externalBytes: 0,
    collections: 9,
    markCompacts: 3,
    collectingShare: 0.33,
  }
  const threads = [mainStack({ frames: [frame('fill', 3)], vmState: 'GC', loop: loopState() })]
  const { verdict, confidence } = first(evidence([0, 1].map(() => ({ threads, heap }))))
  expect(verdict?.summary).toContain('spends 33 % of its time collecting garbage')
  expect(confidence).toBe('medium')
})

test('says of a heap at its limit that is compacted again and again what it is, though no sample fell into a collection', () => {
  const heap = (markCompacts: number) => ({
    usedBytes: null,
    committedBytes: 95_000_000,
    limitBytes: 100_000_000,
    externalBytes: 0,
    collections: 9,
    markCompacts,
    collectingShare: 0.05,
  })
  const threads = [mainStack({ frames: [frame('fill', 3)], loop: loopState() })]
  const looks = (compacts: number) => [0, compacts].map((count) => ({ threads, heap: heap(count) }))
  const { name, confidence, verdict } = first(evidence(looks(5)))
  expect({ name, confidence }).toEqual({ name: 'collecting-garbage/near-heap-limit', confidence: 'medium' })
  expect(verdict?.summary).toContain('compacts its heap again and again')
  const few = first(evidence(looks(1)))
  expect(few.name).toBe('computing/loop')
  expect(few.verdict?.refutedBy).toContain('the heap is at 95 % of its limit')
})

test('is sure of a loop only in a heap that is far from its limit', () => {
  const threads = [mainStack({ frames: [frame('fill', 3)], loop: loopState() })]
  const told = (committedBytes: number) => {
    const heap = { ...FULL_HEAP, committedBytes, markCompacts: 0, collectingShare: 0 }
    return first(evidence([0, 1, 2, 3].map(() => ({ threads, heap }))))
  }
  expect(told(20_000_000)).toMatchObject({ name: 'computing/loop', confidence: 'high' })
  expect(told(85_000_000)).toMatchObject({ name: 'computing/loop', confidence: 'medium' })
})

test('calls a heap worn out when it is nearly full and a third of the time collects, and not where it hardly collects', () => {
  const look = (markCompacts: number, usedBytes: number, collectingShare: number) => ({
    threads: [mainStack({ frames: [frame('fill', 3)], loop: loopState() })],
    heap: {
      usedBytes,
      committedBytes: usedBytes + 2_000_000,
      limitBytes: 100_000_000,
      externalBytes: 0,
      collections: 9,
      markCompacts,
      collectingShare,
    },
  })
  const { name, confidence } = first(evidence([look(0, 84e6, 0.38), look(10, 83e6, 0.4)]))
  expect({ name, confidence }).toEqual({ name: 'collecting-garbage/near-heap-limit', confidence: 'medium' })
  expect(first(evidence([look(0, 84e6, 0.1), look(10, 83e6, 0.1)])).name).toBe('computing/loop')
  // Many full collections a second tell the same where fewer samples fell into one.
  expect(first(evidence([look(0, 84e6, 0.2), look(10, 83e6, 0.2)])).name).toBe('collecting-garbage/near-heap-limit')
  expect(first(evidence([look(0, 84e6, 0.2), look(3, 83e6, 0.2)])).name).toBe('computing/loop')
})

describe('a process that allocates buffers outside of its heap', () => {
  const told = (compacts: number, compactingShare: number | null, shares?: { onCpuMs: number; waitMs: number }) => {
    const heap = (markCompacts: number) => ({
      usedBytes: 150_000_000,
      committedBytes: 155_000_000,
      limitBytes: 4_000_000_000,
      externalBytes: 720_000_000,
      collections: 40 + markCompacts,
      markCompacts,
      collectingShare: 0.28,
      compactingShare,
    })
    const threads = [mainStack({ frames: [frame('receive', 3)], loop: loopState() })]
    const at = (markCompacts: number, onCpuMs = 0, runQueueWaitMs = 0) => ({
      threads,
      heap: heap(markCompacts),
      ...(shares === undefined
        ? {}
        : {
            kernel: kernelLook({
              threads: [kernelThread({ kernelState: 'R', counters: counters(onCpuMs, runQueueWaitMs) })],
            }),
          }),
    })
    return first(evidence([at(0), at(compacts, shares?.onCpuMs, shares?.waitMs)]))
  }

  test('is told as collecting by the clock of V8, which counts the steps that samples miss', () => {
    const { name, confidence, line, verdict } = told(8, 0.72)
    expect({ name, confidence, line }).toEqual({
      name: 'collecting-garbage/external-memory',
      confidence: 'high',
      line: 3,
    })
    expect(verdict?.summary).toContain('spends 72 % of its time collecting garbage')
  })

  test('is told as that, less surely, while its collections take a good part of the time only', () => {
    expect(told(8, 0.4)).toMatchObject({ name: 'collecting-garbage/external-memory', confidence: 'medium' })
  })

  test('is told as that beside a crowded CPU, since more of it would only collect more often', () => {
    expect(told(8, 0.72, { onCpuMs: 100, waitMs: 1_850 }).name).toBe('collecting-garbage/external-memory')
    expect(told(8, 0.1, { onCpuMs: 100, waitMs: 1_850 }).name).toBe('cpu-starved/run-queue')
  })

  test('computes when its collections take little, or none came between the looks', () => {
    expect(told(8, 0.1).name).toBe('computing/loop')
    expect(told(0, 0.72).name).toBe('computing/loop')
    expect(told(8, null).name).toBe('computing/loop')
  })
})

test('says starving-the-loop by the counters, and drops what they explain', () => {
  const threads = [mainStack({ frames: [frame('again', 3)], loop: loopState() })]
  const looks = [0, 1].map(() => ({ threads, starvation: 'microtasks' as const }))
  expect(diagnose(evidence(looks)).map((each) => each.kind)).toEqual(['starving-the-loop'])
})

test('says paging when major faults fill the time', () => {
  const at = (majorFaults: number) => ({
    kernel: kernelLook({ majorFaults, threads: [kernelThread({ kernelState: 'D', wchan: 'folio_wait_bit_common' })] }),
    threads: [mainStack({ state: 'disk', wchan: 'folio_wait_bit_common', frames: [frame('f', 2)] })],
  })
  expect(first(evidence([at(0), at(900)]))).toMatchObject({
    name: 'paging/major-faults',
    confidence: 'high',
    line: null,
  })
})

test('says ended with the error that was swallowed', () => {
  const ended = [
    {
      clock: 'poll:invoice',
      cause: 'exception' as const,
      errorName: 'TypeError',
      errorMessage: 'x is undefined',
      errorStack: 'TypeError\n    at log (/srv/l.js:3:1)',
    },
  ]
  const { name, verdict } = first(evidence([{ threads: [idleMain()] }], { ended, from: 'inside' }))
  expect(name).toBe('ended/exception')
  expect(verdict?.summary).toContain('TypeError: x is undefined, thrown at log (/srv/l.js:3:1)')
})

describe('when nothing is left alive', () => {
  const poller = {
    clock: 'rows',
    cause: 'nothing-alive' as const,
    errorName: null,
    errorMessage: null,
    errorStack: null,
  }
  const told = (nodes: readonly AwaitNode[] | null, kind: 'custom' | 'poll-loop' = 'custom') => {
    const of = parked(nodes ?? [], {
      ended: [poller],
      from: 'inside',
      look: { clocks: [clock({ name: 'rows', kind })] },
    })
    const looks = nodes === null ? of.looks.map((look) => ({ ...look, awaits: null })) : of.looks
    const verdict = diagnose({ ...of, looks }).find((each) => each.cause === 'nothing-alive')
    return { line: verdict?.where?.line, summary: verdict?.summary, nextStep: verdict?.nextStep }
  }

  test('the await that nothing can settle is to blame', () => {
    const { line, nextStep } = told([awaitNode('load', 3, { kind: 'nothing', summary: 'no settler' })])
    expect(line).toBe(3)
    expect(nextStep).toMatch(/^Find the promise/)
    expect(nextStep).not.toContain('meant to end')
  })

  test('and nobody is suspended, the loop has come to its end without saying so', () => {
    const { summary, nextStep } = told([])
    expect(summary).toContain('with code 0 although rows was neither paused nor disposed')
    expect(nextStep).toContain(
      'dispose the heartbeat at the end of the loop, or open it with heartbeat(name, { endless: false })',
    )
    expect(nextStep).not.toContain('Find the promise')
    expect(told([], 'poll-loop').nextStep).toContain('stop the poller first')
  })

  test('and somebody waits in a queue, that is where it stands', () => {
    const queued = awaitNode('take', 8, { kind: 'lock', summary: 'a resolver in a queue', owner: 'Mutex._queue' })
    const { line, summary, nextStep } = told([queued])
    expect(line).toBe(8)
    expect(summary).toMatch(/nothing alive was left\. Meanwhile take \(worker\.js:8\) waits for /)
    // A loop that came to its end leaves such a wait behind as well.
    expect(nextStep).toContain('If that is how it is meant to end')
    expect(nextStep).not.toContain('Find the promise')
  })

  test.each([['the suspended functions were not read', null]])('and %s, both are said', (_name, nodes) => {
    expect(told(nodes).nextStep).toMatch(/^Find the promise.*If that is how it is meant to end/)
  })
})

test.each([
  ['has turned a moment ago', 4_000, 'cpu-starved/run-queue'],
  ['has computed for seconds since its last turn, however slowly', 60_000, 'computing/loop'],
])('on a crowded machine, judges a worker whose loop %s', (_name, stuckMs, name) => {
  const threads = [mainStack({ frames: [frame('work', 3), frame('poll', 9)], loop: loopState({ stuckMs }) })]
  const at = (cpu: number, wait: number) => ({
    threads,
    kernel: kernelLook({ threads: [kernelThread({ kernelState: 'R', counters: counters(cpu, wait) })] }),
  })
  expect(first(evidence([at(0, 0), at(120, 1_880)])).name).toBe(name)
})

test.each([
  ['comes round all the time', 900, 'low'],
  ['hardly comes round', 3, 'high'],
])('on a crowded machine, takes a worker whose loop %s for starved', (_name, turns, confidence) => {
  const at = (cpu: number, wait: number, turned: number) => ({
    threads: [mainStack({ frames: [frame('work', 3), frame('poll', 9)], loop: loopState({ turns: turned }) })],
    kernel: kernelLook({
      loadAverage: [15.2, 10, 5],
      threads: [kernelThread({ kernelState: 'R', counters: counters(cpu, wait) })],
    }),
  })
  const verdicts = diagnose(evidence([at(0, 0, 0), at(120, 1_880, turns)]))
  expect(verdicts.find(({ kind }) => kind === 'cpu-starved')?.confidence).toBe(confidence)
})

test.each([
  ['was runnable in both looks and slept in none', 'R', 0, 'cpu-starved/run-queue'],
  ['slept in between', 'R', 3, 'beating/null'],
  ['waits for events', 'S', 0, 'beating/null'],
])('of a main thread without any CPU, which %s', (_name, kernelState, voluntarySwitches, name) => {
  // A wait for a CPU is in the kernel's count only when it is over.
  const at = (switches: number) => ({
    threads: [idleMain()],
    kernel: kernelLook({
      threads: [kernelThread({ kernelState, counters: { ...counters(0, 0), voluntarySwitches: switches } })],
      sockets: [socket({ lastReceivedMs: 100, receiveQueueBytes: 0 })],
    }),
  })
  expect(first(evidence([at(7), at(7 + voluntarySwitches)])).name).toBe(name)
})

test.each([
  // As measured beside a process of real-time priority, and beside twelve of its own.
  ['next to nothing of what it wants', 18, 1_370, 'cpu-starved/run-queue', 'medium', 'next to no CPU'],
  ['its fair share of a crowded CPU', 66, 1_190, 'beating/null', 'medium', 'of a CPU is wanted'],
])('of a worker that sleeps between its waits for a CPU and gets %s', (_name, cpu, wait, name, confidence, text) => {
  const at = (onCpuMs: number, runQueueWaitMs: number, switches: number, turns: number) => ({
    threads: [idleMain({ loop: loopState({ polling: true, turns }) })],
    kernel: kernelLook({
      threads: [
        kernelThread({
          kernelState: 'R',
          counters: { ...counters(onCpuMs, runQueueWaitMs), voluntarySwitches: switches },
        }),
      ],
      sockets: [socket({ lastReceivedMs: 100, receiveQueueBytes: 0 })],
    }),
    clocks: [clock({ beats: 50, ageMs: 100 })],
  })
  const found = first(evidence([at(0, 0, 7, 0), at(cpu, wait, 19, 40)]))
  expect(found.name).toBe(name)
  if (name.startsWith('cpu')) expect(found.confidence).toBe(confidence)
  expect(found.verdict?.summary).toContain(text)
  expect(found.verdict?.nextStep).toMatch(/with top who uses/)
})

test.each([
  ['has ended', [], 'the child has ended, and something that it started still holds its output open'],
  ['runs', [999], 'waits for child process 999 (sh -c tool)'],
])('says of the output of a child that %s what keeps it open', (_name, pids, text) => {
  const wait = { kind: 'child' as const, summary: 'child process', pid: 999, event: 'close' }
  const children = pids.map((pid) => ({
    pid,
    command: 'sh -c tool',
    kernelState: 'S',
    ageMs: 30_000,
    wchan: null,
  }))
  const { name, verdict } = first(parked([awaitNode('convert', 7, wait)], { kernel: kernelLook({ children }) }))
  expect(name).toBe('awaiting/child-message')
  expect(verdict?.summary).toContain(text)
})

test.each([
  ['was another one a moment later', true, 'beating/null'],
  ['stood still', false, 'awaiting/unknown'],
])('beside a loop that turns and burns a CPU, a wait that %s', (_name, changed, name) => {
  const wait = { kind: 'unknown' as const, summary: 'moved', ...(changed ? { changed: true as const } : {}) }
  const tree = { engine: 'memory' as const, awaits: [awaitNode('poll', 7, wait)], roots: [], suspended: 1 }
  const round = (takenAtMs: number, cpu: number) => ({
    takenAtMs,
    kernel: captured({
      ...kernelLook({ threads: [kernelThread({ kernelState: 'R', counters: counters(cpu, 0) })] }),
      takenAtMs,
    }),
    stacks: captured([mainStack({ frames: [frame('makeReport', 8)], loop: loopState({ turns: takenAtMs }) })]),
    awaits: captured({ ...tree, pausedMs: 0, notes: [] }),
    clocks: null,
  })
  const looks = [round(0, 0), round(2_000, 1_900)]
  const process = evidence([{}]).process
  expect(first(joinEvidence({ process, stall: null, from: 'outside', looks })).name).toBe(name)
})

test.each([
  ['whose turns wait in it themselves', true, 'awaiting/lock', 'medium'],
  ['whose holder may only be slow', false, 'cpu-starved/run-queue', 'high'],
])('on a crowded machine, judges a lock %s', (_name, cyclic, name, starved) => {
  const holders = [{ function: 'bake', file: WORKER, line: 22, column: 1 }]
  const lock = {
    kind: 'lock' as const,
    summary: 'limit',
    parts: pathOf('limit'),
    holders,
    ...(cyclic ? { links: holders, reentrant: true } : {}),
  }
  const tree = { engine: 'memory' as const, awaits: [awaitNode('bake', 22, lock)], roots: [], suspended: 1 }
  const round = (takenAtMs: number, cpu: number, wait: number) => ({
    takenAtMs,
    kernel: captured({
      ...kernelLook({
        loadAverage: [15.2, 10, 5],
        threads: [kernelThread({ kernelState: 'R', counters: counters(cpu, wait) })],
      }),
      takenAtMs,
    }),
    stacks: captured([mainStack({ frames: [], loop: loopState({ turns: takenAtMs / 500 }) })]),
    awaits: captured({ ...tree, pausedMs: 0, notes: [] }),
    clocks: null,
  })
  const looks = [round(0, 0, 0), round(2_000, 120, 1_880)]
  const verdicts = diagnose(joinEvidence({ process: evidence([{}]).process, stall: null, from: 'outside', looks }))
  expect(`${verdicts[0]?.kind}/${verdicts[0]?.cause}`).toBe(name)
  expect(verdicts.find(({ kind }) => kind === 'cpu-starved')?.confidence).toBe(starved)
})

describe('a clock that beat again while it was looked at', () => {
  const again = (over: Partial<ReturnType<typeof clock>>): Evidence =>
    parked([], {
      look: { clocks: [clock({ beats: 51, ageMs: 629, ...over })] },
      stall: { ...silence(46_000), clocks: [clock({ beats: 50, ageMs: 46_000 })] },
    })

  test('is told as that, not as a stall', () => {
    const { name, verdict } = first(again({}))
    expect(name).toBe('beating/null')
    expect(verdict?.summary).toMatch(
      /^It moved again while it was looked at: poll:invoice was silent for 46 s, and beat 629 ms/,
    )
  })

  test.each([
    ['did not beat', { beats: 50, ageMs: 48_000 }],
    ['is silent again for as long', { ageMs: 47_000 }],
    ['has ended', { ended: true }],
  ])('is a stall when it %s', (_title, over) => {
    const { name, verdict } = first(again(over))
    expect(name).toMatch(/^(?:awaiting|ended)\//)
    expect(verdict?.summary).not.toContain('moved again')
  })
})

describe('what a wait stands in', () => {
  const figures = { owner: 'BoundPool._pendingQueue', position: 0, queued: 3, lent: 5, idle: 0, size: 5 }
  const pool = (doing: 'nothing' | 'busy') => ({
    kind: 'pool' as const,
    summary: 'its turn',
    pool: { ...figures, members: [{ doing, count: 5 }] },
  })

  test('a pool whose lent members run nothing was not given them back', () => {
    const leak = first(parked([awaitNode('find', 7, pool('nothing'))]))
    expect(leak).toMatchObject({ name: 'awaiting/pool-exhausted', confidence: 'medium', line: 7 })
    expect(leak.verdict?.summary).toContain('5 of 5 lent, 0 idle, 3 queued')
    expect(leak.verdict?.summary).toContain('may not have been given back')
    expect(leak.verdict?.nextStep).toContain('finally')
  })

  test('a pool at work is load as long as nothing is old', () => {
    const busy = first(parked([awaitNode('find', 7, pool('busy'))]))
    expect(busy).toMatchObject({ name: 'awaiting/pool-exhausted', confidence: 'low' })
    expect(busy.verdict?.summary).not.toContain('given back')
  })

  test('a pool of which a member was at work in either look is load, whatever the other look came upon', () => {
    const waiting = (waits: WaitsFor): Partial<Look> => ({
      threads: [idleMain()],
      awaits: {
        engine: 'memory',
        awaits: [awaitNode('find', 7, waits, { looks: 2, seenMs: 2_000 })],
        roots: [],
        suspended: 1,
        pausedMs: 0,
        notes: [],
      },
    })
    const over = (...looks: readonly Partial<Look>[]) => first(evidence(looks))
    expect(over(waiting(pool('busy')), waiting(pool('nothing')))).toMatchObject({ confidence: 'low' })
    expect(over(waiting(pool('nothing')), waiting(pool('nothing')))).toMatchObject({ confidence: 'medium' })
    // What waited for a turn in one look can't be what waits for the pool's first connection in the next.
    const none: WaitsFor = {
      kind: 'buffer',
      summary: 'a connection',
      owner: 'BoundPool._pendingQueue',
      connection: 'away',
    }
    expect(over(waiting(pool('nothing')), waiting(none))).toMatchObject({ confidence: 'low' })
    expect(over(waiting(none), waiting(none))).toMatchObject({ name: 'awaiting/not-connected', confidence: 'medium' })
  })

  describe('whose members are told with who has them', () => {
    const place = (fn: string, line: number) => ({ function: fn, file: WORKER, line, column: 5 })
    const lent = (members: readonly PoolMember[], takenIn?: readonly Taking[]) => ({
      ...pool('nothing'),
      pool: { ...figures, members, ...(takenIn === undefined ? {} : { takenIn }) },
    })
    const lost: PoolMember = { doing: 'nothing', count: 5, heldBy: { by: 'nobody' } }
    const reserve: Taking = {
      ...place('reserve', 20),
      leaves: { word: 'return', file: WORKER, line: 22, column: 5 },
    }
    const charge: Taking = { ...place('charge', 30), leaves: { word: 'throw', file: WORKER, line: 33, column: 5 } }

    test('in a function, with what it awaits', () => {
      const held: PoolMember = { doing: 'nothing', count: 5, heldBy: { by: 'function', place: place('settle', 12) } }
      const waiting = awaitNode('once', 3, { kind: 'emitter', summary: 'event paid of Desk' })
      const chain = { ...waiting, awaitedBy: [frame('settle', 12)] }
      const { verdict } = first(parked([awaitNode('find', 7, lent([held])), chain]))
      expect(verdict?.summary).toContain('lent to settle (worker.js:12), which awaits event paid of Desk')
      expect(verdict?.summary).not.toContain('giving')
    })

    test('in a variable of the application: that is no leak', () => {
      const parts = [{ name: 'module', slot: '{sessions}', role: 'module' as const }]
      const declared = { variable: 'sessions', file: WORKER, line: 9, column: 1 }
      const kept: PoolMember = { doing: 'nothing', count: 5, heldBy: { by: 'variable', parts, declared } }
      const { verdict } = first(parked([awaitNode('find', 7, lent([kept]))]))
      expect(verdict?.summary).toContain('held by sessions (worker.js:9)')
      expect(verdict?.summary).not.toContain('giving')
      expect(verdict?.nextStep).toContain('sessions (worker.js:9)')
    })

    test('nowhere: the one place that takes them is named with its way out', () => {
      const { verdict } = first(parked([awaitNode('find', 7, lent([lost], [reserve]))]))
      expect(verdict?.summary).toContain('which nothing alive has but the pool')
      expect(verdict?.summary).toContain(
        'reserve (worker.js:20) takes such ones and leaves without giving one back by the return there (worker.js:22)',
      )
    })

    test('nowhere: of several places none is blamed alone, unless it alone can leave', () => {
      const two = first(parked([awaitNode('find', 7, lent([lost], [reserve, charge]))]))
      expect(two.verdict?.summary).toContain('taken in one of reserve (worker.js:20), charge (worker.js:30)')
      expect(two.verdict?.summary).not.toContain('of these only')
      const one = first(parked([awaitNode('find', 7, lent([lost], [reserve, place('audit', 40)]))]))
      expect(one.verdict?.summary).toContain('of these only reserve leaves without giving one back')
    })

    test('nowhere in the last look only: of a process that moves that is not said', () => {
      const told = parked([awaitNode('find', 7, lent([lost], [reserve]))])
      const [before, last] = told.looks
      if (before === undefined || last === undefined || last.awaits === null) throw new Error('two looks')
      const other = { ...last.awaits, awaits: [awaitNode('find', 7, lent([{ doing: 'nothing', count: 5 }]))] }
      const { verdict } = first({ ...told, looks: [{ ...before, awaits: other }, last] })
      expect(verdict?.summary).not.toContain('nothing alive')
      expect(verdict?.summary).not.toContain('reserve')
    })

    test('at work: the function that waits for the reply is named, and nobody blamed', () => {
      const works: PoolMember = {
        doing: 'busy',
        count: 5,
        heldBy: { by: 'function', place: place('count', 50), reply: true },
      }
      const { verdict, confidence } = first(parked([awaitNode('find', 7, lent([works]))]))
      expect(confidence).toBe('low')
      expect(verdict?.summary).toContain('5 at work for count (worker.js:50)')
      expect(verdict?.summary).not.toContain('giving')
    })
  })

  test('a full pool at work is told before what its members wait for, with their peer, and with no more than theirs', () => {
    const place = { function: 'count', file: WORKER, line: 50, column: 5 }
    const works: PoolMember = { doing: 'busy', count: 5, heldBy: { by: 'function', place, reply: true } }
    const waiting = { ...pool('busy'), pool: { ...figures, members: [works] } }
    const socket = { kind: 'socket' as const, summary: 'socket', peer: '10.0.0.1:5432', fd: 20, sinceMs: 30_000 }
    const told = first(parked([awaitNode('count', 50, socket), awaitNode('find', 7, waiting)]))
    expect(told).toMatchObject({ name: 'awaiting/pool-exhausted', confidence: 'low', line: 7 })
    expect(told.verdict?.summary).toContain(
      '5 at work for count (worker.js:50), which waits for a reply from 10.0.0.1:5432',
    )
    expect(told.verdict?.nextStep).toContain('Ask 10.0.0.1:5432')
    const partly = { ...waiting, pool: { ...waiting.pool, size: 8 } }
    const other = first(parked([awaitNode('count', 50, socket), awaitNode('find', 7, partly)]))
    expect(other).toMatchObject({ name: 'awaiting/socket-reply', line: 50 })
  })

  test('a command kept until there is a connection was never sent', () => {
    const queuedIn = { owner: 'Redis.offlineQueue', position: 0, queued: 1 }
    const kept = {
      kind: 'buffer' as const,
      summary: 'kept',
      owner: 'Redis.offlineQueue',
      connection: 'reconnecting',
      queuedIn,
    }
    const told = first(parked([awaitNode('save', 7, kept)]))
    expect(told).toMatchObject({ name: 'awaiting/not-connected', confidence: 'medium' })
    expect(told.verdict?.summary).toContain('never sent')
    expect(told.verdict?.summary).toContain('reconnecting')
  })

  test('a command behind others on its connection is at most medium, however old', () => {
    const behind = { owner: 'Client._queryQueue', position: 2, queued: 3, ahead: 'Cursor' }
    const wait = { kind: 'socket' as const, summary: 'socket', fd: 9, peer: '10.0.0.1:5432', sinceMs: 90_000 }
    expect(first(parked([awaitNode('save', 7, wait)])).confidence).toBe('low')
    const told = first(parked([awaitNode('save', 7, { ...wait, queuedIn: behind })]))
    expect(told).toMatchObject({ name: 'awaiting/socket-reply', confidence: 'medium' })
    expect(told.verdict?.summary).toContain('behind 2 others in Client._queryQueue (first Cursor)')
  })

  test('an event of what is closed never comes; one of what is open may', () => {
    const line = { kind: 'emitter' as const, summary: 'event row of Feed', owner: 'Feed', event: 'row' }
    expect(first(parked([awaitNode('count', 7, line)])).name).toBe('awaiting/unknown')
    const over = first(parked([awaitNode('count', 7, { ...line, over: 'closed' })]))
    expect(over).toMatchObject({ name: 'awaiting/never-settles', confidence: 'medium' })
    expect(over.verdict?.summary).toContain('which is closed')
  })

  test('a library that tries again is no proof that nothing comes; a delay of the application may be any other loop', () => {
    const file = '/app/node_modules/sdk/fetchWithRetry.js'
    const told = (sinceMs: number, over: Partial<AwaitNode>) => {
      const delay = { kind: 'timer' as const, summary: 'a timer', dueInMs: 1_500, sinceMs }
      return first(parked([awaitNode('retryFetch', 7, delay, { awaitedBy: [], ...over })], { stall: silence() }))
    }
    const retrying = told(1_600, { file })
    expect(retrying).toMatchObject({ name: 'awaiting/unknown', confidence: 'low' })
    expect(retrying.verdict?.summary).toMatch(/set 1\.6 s ago, after the silence began: a retry or a pause/)
    const own = told(1_600, {})
    expect(own).toMatchObject({ name: 'awaiting/unknown', confidence: 'medium' })
    expect(own.verdict?.summary).toContain('that alone explains no silence')
    expect(told(90_000, { file }).confidence).toBe('medium')
  })

  test('what comes in at a server is no reply', () => {
    const listening = { kind: 'socket' as const, summary: 'a listening server', incoming: true, sinceMs: 90_000 }
    expect(first(parked([awaitNode('serve', 7, listening)])).name).toBe('awaiting/unknown')
  })

  test('a queue whose turns wait in it themselves is a deadlock, and less sure with a doubt', () => {
    const links = [{ function: 'bake', file: WORKER, line: 22, column: 1 }]
    const lock = {
      kind: 'lock' as const,
      summary: 'itself',
      parts: pathOf('limit'),
      holders: links,
      links,
      reentrant: true,
    }
    const sure = first(parked([awaitNode('bake', 22, lock)]))
    expect(sure).toMatchObject({ name: 'awaiting/lock', confidence: 'high' })
    expect(sure.verdict?.summary).toContain('in a deadlock with itself: bake (worker.js:22)')
    const perhaps = first(parked([awaitNode('bake', 22, { ...lock, doubt: 'likely, not proved' })]))
    expect(perhaps.confidence).toBe('medium')
  })
})
