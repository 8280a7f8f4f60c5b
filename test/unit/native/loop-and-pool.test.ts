import { describe, expect, it } from 'vitest'
import { toAddress } from '../../../src/model/address.js'
import { HANDLE, LOOP, LOOP_INTERNALS, LOOP_SIGNATURE, POOL_SYMBOLS, WORK } from '../../../src/native/layouts/libuv.js'
import { mainLoop } from '../../../src/native/loop/find-loops.js'
import { readHandles } from '../../../src/native/loop/loop-handles.js'
import { readLoop } from '../../../src/native/loop/read-loop.js'
import type { NativeProcess } from '../../../src/native/process/native-process.js'
import { readPool } from '../../../src/native/pool/read-pool.js'
import { BASE, FlatMemory, nativeOver } from './flat-memory.js'

const LOOP_AT = BASE + 0x1000
const INTERNALS_AT = BASE + 0x2000
const TIMER_AT = BASE + 0x3000
const TCP_AT = BASE + 0x4000
const WRAP_AT = BASE + 0x5000
const POOL_AT = BASE + 0x6000
const WORK_AT = BASE + 0x7200
const PATH_AT = BASE + 0x8000
const VTABLE = 0x40_1000
const FS_WORK = 0x40_2000

/** A loop with a timer and a connection, and a pool with one file request queued. */
function scene(): FlatMemory {
  const memory = new FlatMemory(0xa000)
  memory.put(LOOP_AT + LOOP_SIGNATURE.asyncLoop, LOOP_AT)
  memory.put32(LOOP_AT + LOOP_SIGNATURE.asyncType, 1)
  memory.put(LOOP_AT + LOOP_SIGNATURE.signalLoop, LOOP_AT)
  memory.put32(LOOP_AT + LOOP_SIGNATURE.signalType, 16)
  memory.put(LOOP_AT + LOOP.internalFields, INTERNALS_AT)
  memory.put(LOOP_AT + LOOP.timeMs, 9_000)
  memory.put32(LOOP_AT + LOOP.activeHandles, 2)
  memory.put32(LOOP_AT + LOOP.timerCount, 1)
  memory.put(LOOP_AT + LOOP.timerHeapMin, TIMER_AT + HANDLE.timerHeapNode)
  memory.put(INTERNALS_AT + LOOP_INTERNALS.turns, 77)

  const head = LOOP_AT + LOOP.handleQueue
  memory.put(head, TIMER_AT + HANDLE.queue)
  memory.put(TIMER_AT + HANDLE.queue, TCP_AT + HANDLE.queue)
  memory.put(TCP_AT + HANDLE.queue, head)
  for (const [at, type] of [
    [TIMER_AT, 13],
    [TCP_AT, 12],
  ] as const) {
    memory.put(at + HANDLE.loop, LOOP_AT)
    memory.put32(at + HANDLE.type, type)
    memory.put32(at + HANDLE.flags, HANDLE.flagActive | HANDLE.flagReferenced)
  }
  memory.put(TIMER_AT + HANDLE.timerDueMs, 10_250)
  memory.put(TCP_AT + HANDLE.data, WRAP_AT)
  memory.put(TCP_AT + HANDLE.streamQueuedBytes, 4096)
  memory.put32(TCP_AT + HANDLE.streamFd, 21)
  memory.put(WRAP_AT, VTABLE)

  const pool = poolStatics()
  memory.put32(pool.size, 4)
  memory.put(pool.queue, WORK_AT + WORK.queue)
  memory.put(WORK_AT + WORK.queue, pool.queue)
  memory.put(WORK_AT + WORK.function, FS_WORK)
  memory.put(WORK_AT + WORK.loop, LOOP_AT)
  memory.put(WORK_AT - 336, WRAP_AT)
  memory.put32(WORK_AT - 336 + 64, 1)
  memory.put(WORK_AT - 336 + 104, PATH_AT)
  memory.bytes.write('/srv/fifo\0', PATH_AT - BASE, 'latin1')
  memory.put(pool.slowQueue, pool.slowQueue)
  return memory
}

function poolStatics(): Record<keyof typeof POOL_SYMBOLS, number> {
  const keys = Object.keys(POOL_SYMBOLS) as (keyof typeof POOL_SYMBOLS)[]
  return Object.fromEntries(keys.map((key, index) => [key, POOL_AT + index * 16])) as Record<
    keyof typeof POOL_SYMBOLS,
    number
  >
}

function over(memory: FlatMemory): NativeProcess {
  return nativeOver(memory, {
    defaultLoop: LOOP_AT,
    pool: poolStatics(),
    workFunctions: { fs: FS_WORK },
    classes: new Map([[VTABLE, 'TCPWrap']]),
  })
}

describe('an event loop in memory', () => {
  it('outside of poll has not turned since its own clock; its timers and handles are read', () => {
    const native = over(scene())
    expect(mainLoop(native)).toBe(LOOP_AT)
    expect(readLoop(native, toAddress(LOOP_AT), 1)).toEqual({
      polling: false,
      turns: 77,
      stuckMs: 1000,
      pollingMs: null,
      nextTimerMs: 250,
      timers: 1,
      activeHandles: 2,
      activeRequests: 0,
      events: 0,
    })
    const handles = readHandles(native, toAddress(LOOP_AT))
    expect(handles).toMatchObject([
      { type: 'timer', wrapper: null, dueMs: 250, active: true, referenced: true },
      { type: 'tcp', wrapper: 'TCPWrap', fd: 21, queuedBytes: 4096 },
    ])
  })

  it('polls while libuv has noted the start of a poll', () => {
    const memory = scene()
    memory.put(INTERNALS_AT + LOOP_INTERNALS.pollEntryNs, 9_400 * 1e6)
    expect(readLoop(over(memory), toAddress(LOOP_AT), 1)).toMatchObject({
      polling: true,
      stuckMs: null,
      pollingMs: 600,
    })
  })

  it('is none without its signature, or when its clock makes no sense', () => {
    const memory = scene()
    memory.put32(LOOP_AT + LOOP_SIGNATURE.signalType, 15)
    expect(mainLoop(over(memory))).toBeNull()
    const future = scene()
    future.put(LOOP_AT + LOOP.timeMs, 900_000)
    expect(readLoop(over(future), toAddress(LOOP_AT), 1)).toBeNull()
  })

  it('with a circle in its handles ends', () => {
    const memory = scene()
    memory.put(TCP_AT + HANDLE.queue, TIMER_AT + HANDLE.queue)
    expect(readHandles(over(memory), toAddress(LOOP_AT))).toHaveLength(2)
  })
})

describe('the thread pool in memory', () => {
  it('shows queued work with operation, path and owner', () => {
    const answer = readPool(over(scene()))
    expect(answer).toMatchObject({
      pool: {
        size: 4,
        idle: 0,
        queued: [{ kind: 'fs', operation: 'open', what: '/srv/fifo', owner: WRAP_AT, loop: LOOP_AT }],
      },
    })
  })

  it('is unknown when its counters are not plausible or its symbols are gone', () => {
    const memory = scene()
    memory.put32(poolStatics().idle, 9)
    expect(readPool(over(memory))).toMatchObject({ unknown: expect.stringContaining('not plausible') as string })
    expect(readPool(nativeOver(scene(), {}))).toHaveProperty('unknown')
  })
})

describe('mutated memory', () => {
  it('never crashes a reader, never holds it up: 1,500 cases', () => {
    const original = scene()
    let state = 11
    const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
    const wild = [0, 1, 8, LOOP_AT, TIMER_AT + 32, WORK_AT + 24, BASE + 0x9ffc, 2 ** 46, 2 ** 52]
    const memory = new FlatMemory(original.bytes.length)
    const native = over(memory)
    const started = performance.now()
    for (let round = 0; round < 1500; round++) {
      memory.flush()
      original.bytes.copy(memory.bytes)
      for (let flip = 0; flip < 1 + random() * 6; flip++) {
        const at = BASE + Math.floor(random() * (memory.bytes.length / 8 - 1)) * 8
        if (random() < 0.5) memory.put(at, wild[Math.floor(random() * wild.length)] ?? 0)
        else memory.put32(at, random() * 2 ** 32)
      }
      const loop = mainLoop(native)
      if (loop !== null) {
        readLoop(native, loop, 1)
        expect(readHandles(native, loop).length).toBeLessThanOrEqual(4096)
      }
      readPool(native)
    }
    expect(performance.now() - started).toBeLessThan(15_000)
  })
})
