/** Against the SDK's own classes, without a server: polls are functions of the test. */
import { createRequire } from 'node:module'
import { afterEach, expect, test, vi } from 'vitest'
import { ClockBoard } from '../../../../src/heartbeat/clock-board.js'
import { observeClocks } from '../../../../src/heartbeat/clock-observer.js'
import { ClockReader, monotonicMs } from '../../../../src/heartbeat/clock-reader.js'
import { SdkHook } from '../../../../src/integrations/conductor/sdk-hook.js'
import type { PollerBeat } from '../../../../src/integrations/conductor/poller-beat.js'
import type { ClockReading } from '../../../../src/model/heartbeat.js'

interface Poller {
  isPolling: boolean
  options: object
  _tasksInProcess: number
  _authFailures: number
  startPolling(): void
  stopPolling(): Promise<void>
}

type Poll = (count: number) => Promise<unknown>

interface Sdk {
  Poller: new (
    id: string,
    poll: Poll,
    work: (task: unknown) => Promise<void>,
    options: object,
    logger?: object,
  ) => Poller
}

const require = createRequire(__filename)
const SDK_FILE = require.resolve('../../../sdk/conductor-4.0.0/node_modules/@io-orkes/conductor-javascript')

/** A copy of its own for each test, so that one's patches are not another's. */
function freshSdk(): Sdk {
  delete require.cache[SDK_FILE]
  return require(SDK_FILE) as Sdk
}

/** Two cores may have something else to do first. */
const LIMIT_MS = 15_000

const started: Poller[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((poller) => poller.stopPolling()))
})

interface Watched {
  readonly poller: Poller
  readonly found: PollerBeat[]
  readonly reading: () => ClockReading | undefined
}

function watch(poll: Poll, options: object = {}, sdk = freshSdk()): Watched {
  const board = new ClockBoard()
  const found: PollerBeat[] = []
  const hook = new SdkHook(board, (beat) => found.push(beat))
  expect(hook.patch(sdk)).toBe(true)
  const defaults = { pollInterval: 2, adaptiveBackoff: false, concurrency: 3 }
  const poller = new sdk.Poller('demo', poll, () => Promise.resolve(), { ...defaults, ...options })
  started.push(poller)
  const reader = new ClockReader(board.memory)
  return {
    poller,
    found,
    reading() {
      observeClocks(board.memory, monotonicMs(), 0)
      return reader.read()[0]
    },
  }
}

test('beats exactly once an iteration', async () => {
  let polls = 0
  const { poller, reading } = watch(() => Promise.resolve(void polls++))
  poller.startPolling()
  await vi.waitUntil(() => polls >= 30, LIMIT_MS)
  // Between a poll and its sleep there is no turn of the event loop: each poll so far has had its beat.
  expect(reading()?.beats).toBe(polls)
})

test('does not take reads of isPolling for beats, and leaves its meaning alone', async () => {
  const { poller, reading, found } = watch(() => new Promise(() => {}))
  expect(poller.isPolling).toBe(false)
  expect(found).toHaveLength(0)
  poller.startPolling()
  for (let i = 0; i < 100; i++) expect(poller.isPolling).toBe(true)
  expect(found).toHaveLength(1)
  expect(reading()).toMatchObject({ beats: 0, inFlightMs: expect.any(Number) as number })
  await poller.stopPolling()
  expect(poller.isPolling).toBe(false)
})

test('changes nothing of what the application can see', async () => {
  const describeAll = (target: object): object =>
    Object.fromEntries(
      Reflect.ownKeys(target).map((key) => {
        const property: Record<string, unknown> = { ...Object.getOwnPropertyDescriptor(target, key) }
        const shown = property['value'] ?? property['get']
        const name = typeof shown === 'function' ? [shown.name, shown.length] : null
        return [key, { ...property, value: null, get: null, name }]
      }),
    )
  const plain = freshSdk()
  const unwatched = new plain.Poller(
    'demo',
    () => new Promise(() => {}),
    () => Promise.resolve(),
    {},
  )
  unwatched.startPolling()
  started.push(unwatched)
  const sdk = freshSdk()
  const { poller } = watch(() => new Promise(() => {}), {}, sdk)
  poller.startPolling()
  expect(describeAll(poller)).toEqual(describeAll(unwatched))
  expect(describeAll(sdk.Poller.prototype as object)).toEqual(describeAll(plain.Poller.prototype as object))
})

test('is patched once, however often the SDK is loaded', async () => {
  let polls = 0
  const sdk = freshSdk()
  watch(() => Promise.resolve(), {}, sdk)
  const second = watch(() => Promise.resolve(void polls++), {}, sdk)
  second.poller.startPolling()
  await vi.waitUntil(() => polls >= 3, LIMIT_MS)
  // The first board has the clock.
  expect(second.found).toHaveLength(0)
})

test('sees a poller that ran before the hook came', async () => {
  let polls = 0
  const sdk = freshSdk()
  const poller = new sdk.Poller(
    'demo',
    () => Promise.resolve(void polls++),
    () => Promise.resolve(),
    { pollInterval: 2 },
  )
  started.push(poller)
  poller.startPolling()
  await vi.waitUntil(() => polls >= 2, LIMIT_MS)
  const { found } = watch(() => Promise.resolve(), {}, sdk)
  await vi.waitUntil(() => found.length === 1, LIMIT_MS)
})

test('declares a poll interval of minutes as a wait', async () => {
  const { poller, reading } = watch(() => Promise.resolve(), { pollInterval: 120_000 })
  poller.startPolling()
  await vi.waitUntil(() => reading()?.beats === 1, LIMIT_MS)
  expect(reading()?.expectedWaitMs).toBeGreaterThan(100_000)
})

test('expects nothing while credentials are refused', async () => {
  const { poller, reading } = watch(() => Promise.reject(Object.assign(new Error('no'), { status: 401 })))
  poller.startPolling()
  await vi.waitUntil(() => reading()?.paused === true, LIMIT_MS)
  expect(reading()).toMatchObject({ failuresInRow: 0, lastSuccessMs: expect.any(Number) as number })
})

test('reports slots, and a loop that is not running as never gone', async () => {
  const { poller, reading, found } = watch(() => Promise.resolve([{}, {}]))
  poller.startPolling()
  await vi.waitUntil(() => (reading()?.beats ?? 0) > 2, LIMIT_MS)
  expect(reading()).toMatchObject({ slots: 3, ended: false })
  expect(found[0]?.isRunning).toBe(false)
})

test('refuses an SDK of another shape', () => {
  const hook = new SdkHook(new ClockBoard(), () => undefined)
  for (const exports of [
    null,
    undefined,
    {},
    { Poller: function Poller() {}, TaskRunner: function TaskRunner() {} },
    { Poller: 1 },
  ])
    expect(hook.patch(exports)).toBe(false)
})
