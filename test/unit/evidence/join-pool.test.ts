import { expect, test } from 'vitest'
import { withPoolWork } from '../../../src/evidence/join-pool.js'
import { joinEvidence } from '../../../src/evidence/join.js'
import type { WaitsFor } from '../../../src/model/await.js'
import type { PoolState, PoolWork } from '../../../src/model/loop.js'
import { awaitNode, evidence, WORKER } from '../../support/evidence.js'

const OPEN: WaitsFor = { kind: 'file', summary: 'file system request on /mnt/x', path: '/mnt/x' }
const PLACE = { function: 'load', file: WORKER, line: 7, column: 3 }
const PLACES = [PLACE]

function pool(running: readonly PoolWork[], queued: readonly PoolWork[] = []): PoolState {
  return { size: 4, idle: 4 - running.length, running, queued }
}

function fsWork(over: Partial<PoolWork> = {}): PoolWork {
  return { kind: 'fs', operation: 'open', what: '/mnt/x', tid: 31, syscall: 'openat(/mnt/x)', ...over }
}

test('names the pool thread and the system call of a request that runs', () => {
  const joined = withPoolWork(OPEN, pool([fsWork({ what: '/other', tid: 30 }), fsWork()]), { places: [] })
  expect(joined).toMatchObject({ queued: false, tid: 31, syscall: 'openat(/mnt/x)' })
})

test('says queued of a request that no thread has taken', () => {
  const host: WaitsFor = { kind: 'dns', summary: 'DNS look-up of a.test', host: 'a.test' }
  const lookup = (what: string): PoolWork => ({ kind: 'getaddrinfo', what, slow: true })
  const joined = withPoolWork(host, pool([{ ...lookup('b.test'), tid: 30 }], [lookup('a.test')]), { places: [] })
  expect(joined).toEqual({ ...host, queued: true })
})

test('tells requests alike apart by the place that asked, which may be an awaiter', () => {
  const asked = fsWork({ what: null, fd: 9, queuedBy: { function: 'load', file: WORKER, line: 7, column: 3 } })
  const other = fsWork({ what: null, fd: 9, tid: 32, queuedBy: { function: 'save', file: WORKER, line: 9, column: 3 } })
  const read: WaitsFor = { kind: 'file', summary: 'file system request', fd: 9 }
  const inner = { function: 'read', file: 'node:internal/fs/promises', line: 1, column: 1 }
  expect(withPoolWork(read, pool([other, asked]), { places: [inner, ...PLACES] })).toMatchObject({ tid: 31 })
})

test('takes the job by which newer lines read a whole file for a file request, by the place that asked', () => {
  const job: PoolWork = { kind: 'ReadFileJob', what: null, tid: 34, syscall: 'read(fd 9)', queuedBy: PLACE }
  const wait: WaitsFor = { kind: 'file', summary: 'file system request (ReadFileJob)' }
  expect(withPoolWork(wait, pool([job]), { places: PLACES })).toMatchObject({ queued: false, tid: 34 })
  expect(withPoolWork(wait, pool([job]), { places: [] })).toBe(wait)
})

test('says nothing where some of what fits runs and some is queued', () => {
  expect(withPoolWork(OPEN, pool([fsWork()], [{ kind: 'fs', what: '/mnt/x' }]), { places: [] })).toEqual(OPEN)
})

test('names no thread where two fit, but what both of them are in', () => {
  const joined = withPoolWork(OPEN, pool([fsWork(), fsWork({ tid: 32 })]), { places: [] })
  expect(joined).toEqual({ ...OPEN, queued: false, syscall: 'openat(/mnt/x)' })
})

test('leaves alone what another path, another thread or no pool has', () => {
  expect(withPoolWork(OPEN, pool([fsWork({ what: '/mnt/y' })]), { places: PLACES })).toBe(OPEN)
  expect(withPoolWork(OPEN, pool([fsWork({ askedByTid: 40 })]), { places: [], tid: 10 })).toBe(OPEN)
  expect(withPoolWork(OPEN, null, { places: PLACES })).toBe(OPEN)
  const timer: WaitsFor = { kind: 'timer', summary: 'a timer' }
  expect(withPoolWork(timer, pool([fsWork()]), { places: PLACES })).toBe(timer)
})

test('names a job by its class only when the place is not known', () => {
  const job: WaitsFor = { kind: 'pool-request', summary: 'ScryptJob', owner: 'ScryptJob' }
  const work: PoolWork = { kind: 'ScryptJob', what: null, tid: 33, syscall: 'running' }
  expect(withPoolWork(job, pool([work]), { places: [] })).toMatchObject({ queued: false, tid: 33 })
  expect(withPoolWork({ ...job, owner: 'Zlib' }, pool([work]), { places: [] }).queued).toBeUndefined()
})

test('is joined in both views of the tree', () => {
  const { process } = evidence([{}])
  const captured = <E>(value: E) => ({ status: 'captured' as const, evidence: value, tookMs: 1, pausedMs: 0 })
  const node = awaitNode('load', 7, OPEN)
  const root = { function: 'main', file: WORKER, line: 2, column: 1, count: 1, awaiting: [] }
  const leaf = { ...root, function: 'load', line: 7, column: 3, waitsFor: OPEN }
  const tree = { engine: 'memory' as const, suspended: 2, pausedMs: 0, notes: [] }
  const joined = joinEvidence({
    process,
    stall: null,
    from: 'outside',
    looks: [
      {
        takenAtMs: 0,
        pool: captured(pool([fsWork()])),
        awaits: captured({ ...tree, awaits: [node], roots: [{ ...root, awaiting: [leaf] }] }),
      },
    ],
  })
  const { awaits, roots } = joined.looks[0]?.awaits ?? { awaits: [], roots: [] }
  expect(awaits[0]?.waitsFor).toMatchObject({ queued: false, tid: 31 })
  expect(roots[0]?.awaiting[0]?.waitsFor).toMatchObject({ queued: false, tid: 31 })
})
