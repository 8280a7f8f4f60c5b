import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RunEvent } from '../../../src/supervise/events.js'
import { Supervisor, type SupervisorOptions } from '../../../src/supervise/supervisor.js'
import { exitCodeOf, type WorkerEnd } from '../../../src/supervise/worker-process.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

class FakeWorker {
  readonly pid: number
  readonly startedAt = 0
  readonly ended: Promise<WorkerEnd>
  readonly signals: string[] = []
  #end: (end: WorkerEnd) => void = () => undefined

  constructor(pid: number) {
    this.pid = pid
    this.ended = new Promise((resolve) => (this.#end = resolve))
  }

  finish(code: number | null, signal: NodeJS.Signals | null = null, aliveMs = 10): void {
    this.#end({ pid: this.pid, code, signal, aliveMs })
  }

  signal(signal: NodeJS.Signals): void {
    this.signals.push(signal)
  }

  signalGroup(signal: NodeJS.Signals): void {
    this.signals.push(`group ${signal}`)
    if (signal === 'SIGKILL') this.finish(null, 'SIGKILL')
  }

  endLeftBehind(): Promise<void> {
    return Promise.resolve()
  }
}

const OPTIONS: SupervisorOptions = { restart: true, drainMs: 5000, backOffMaxMs: 60_000, maxRestarts: null }

interface Setup {
  readonly supervisor: Supervisor
  readonly workers: FakeWorker[]
  readonly events: RunEvent[]
  readonly code: Promise<number>
  readonly guarded: Set<number>
  /** Lets everything that is due happen. */
  readonly pass: (ms?: number) => Promise<unknown>
  readonly worker: () => FakeWorker
}

function start(options: Partial<SupervisorOptions> = {}, meant: number | null = null): Setup {
  const workers: FakeWorker[] = []
  const events: RunEvent[] = []
  const guarded = new Set<number>()
  const supervisor = new Supervisor(
    {
      start() {
        const worker = new FakeWorker(100 + workers.length)
        workers.push(worker)
        return Promise.resolve(worker)
      },
      explain: (end) => ({ ...end, exitCode: meant ?? exitCodeOf(end), watchdog: null }),
      guard(worker) {
        guarded.add(worker.pid)
        return () => guarded.delete(worker.pid)
      },
      report: (event) => void events.push(event),
    },
    { ...OPTIONS, ...options },
  )
  const worker = (): FakeWorker => workers.at(-1) ?? new FakeWorker(0)
  return {
    supervisor,
    workers,
    events,
    guarded,
    worker,
    code: supervisor.run(),
    pass: (ms = 0) => vi.advanceTimersByTimeAsync(ms),
  }
}

const names = (events: readonly RunEvent[]): string[] => events.map((event) => event.event)

test('restarts after any exit, zero included, with growing waits', async () => {
  const { workers, worker, events, pass, guarded } = start()
  await pass()
  worker().finish(0)
  await pass(999)
  expect(workers).toHaveLength(1)
  expect(guarded.size).toBe(0)
  await pass(1)
  expect(workers).toHaveLength(2)
  worker().finish(null, 'SIGSEGV')
  await pass(2000)
  expect(workers).toHaveLength(3)
  expect([...guarded]).toEqual([102])
  expect(names(events)).toEqual(['started', 'ended', 'restarting', 'started', 'ended', 'restarting', 'started'])
})

test('passes the first signal on, waits, and ends with the code of the worker', async () => {
  const { supervisor, worker, code, pass, events, workers } = start()
  await pass()
  supervisor.end('SIGTERM')
  await pass(1000)
  worker().finish(3)
  expect(await code).toBe(3)
  expect(worker().signals).toEqual(['SIGTERM'])
  expect(workers).toHaveLength(1)
  expect(names(events)).toEqual(['started', 'draining', 'ended', 'stopped'])
  // No timer is left that could kill anybody.
  expect(vi.getTimerCount()).toBe(0)
})

test('kills the group when the time to drain is over', async () => {
  const { supervisor, worker, code, pass, events } = start()
  await pass()
  supervisor.end('SIGINT')
  await pass(5000)
  expect(await code).toBe(137)
  expect(worker().signals).toEqual(['SIGINT', 'group SIGKILL'])
  expect(events).toContainEqual({ event: 'killing', pid: 100, why: 'deadline over' })
})

test('kills at once on the second signal', async () => {
  const { supervisor, worker, code, pass } = start()
  await pass()
  supervisor.end('SIGTERM')
  supervisor.end('SIGTERM')
  expect(await code).toBe(137)
  expect(worker().signals).toEqual(['SIGTERM', 'group SIGKILL'])
})

test('ends at once when it is told to while it waits to restart', async () => {
  const { supervisor, worker, code, pass, workers } = start()
  await pass()
  worker().finish(9)
  await pass(10)
  supervisor.end('SIGTERM')
  expect(await code).toBe(9)
  expect(workers).toHaveLength(1)
})

test('ends with the code that the watchdog meant', async () => {
  const { worker, code, pass } = start({ restart: false }, 70)
  await pass()
  worker().finish(null, 'SIGKILL')
  expect(await code).toBe(70)
})

test('gives up after --max-restarts', async () => {
  const { worker, code, pass, events, workers } = start({ maxRestarts: 1 })
  await pass()
  worker().finish(1)
  await pass(1000)
  worker().finish(2)
  expect(await code).toBe(2)
  expect(workers).toHaveLength(2)
  expect(events.at(-1)).toEqual({ event: 'gave-up', restarts: 1, exitCode: 2 })
})

test('passes other signals on as they are', async () => {
  const { supervisor, worker, pass } = start()
  await pass()
  supervisor.passOn('SIGUSR2')
  supervisor.passOnToGroup('SIGSTOP')
  expect(worker().signals).toEqual(['SIGUSR2', 'group SIGSTOP'])
})
