/**
 * libuv's thread pool: what each of its threads runs, what is queued behind, and which C++ object asked for it.
 * There is one pool a process; every worker thread's file system, DNS, crypto and zlib work goes through it.
 */
import { toAddress, type Address } from '../../model/address.js'
import type { PoolState, PoolWork } from '../../model/loop.js'
import { decodeSyscall, readRawSyscall } from '../../platform/procfs/syscall.js'
import { POOL_SYMBOLS } from '../layouts/libuv.js'
import type { NativeProcess } from '../process/native-process.js'
import type { ThreadBlock } from '../process/thread-block.js'
import { describeWork, isRunning, type WorkReading } from './pool-work.js'

const MAX_THREADS = 1024 // MAX_THREADPOOL_SIZE of src/threadpool.c
const MAX_QUEUED = 2000
/** Where worker() keeps its uv__work: within the first frames of the thread, above them its thread-local storage. */
const STACK_TOP_BYTES = 16 << 10

export interface PoolReading extends PoolState {
  readonly running: readonly WorkReading[]
  readonly queued: readonly WorkReading[]
}

export type PoolAnswer = { readonly pool: PoolReading } | { readonly unknown: string }

export function readPool(native: NativeProcess): PoolAnswer {
  const statics = native.facts.pool
  if (statics === null) return { unknown: "the binary is stripped of the symbols of libuv's threadpool.c" }
  const { memory } = native
  const at = (key: keyof typeof POOL_SYMBOLS): Address => native.at(statics[key])
  const size = memory.u32(at('size'))
  const idle = memory.u32(at('idle'))
  const slowRunning = memory.u32(at('slowRunning'))
  if (size > MAX_THREADS || idle > size || slowRunning > size) {
    return { unknown: `the pool's counters are not plausible (${size} threads, ${idle} idle)` }
  }
  const markers = new Set<number>([at('runSlow'), at('exit')])
  const fast = queueOf(native, at('queue'), markers)
  const slow = queueOf(native, at('slowQueue'), markers)
  return {
    pool: {
      size,
      idle,
      slowRunning,
      slowLimit: Math.floor((size + 1) / 2),
      running: poolThreads(native, memory.word(at('threads')), size).flatMap((block) => runningOn(native, block)),
      queued: [...fast, ...slow],
    },
  }
}

/** Work in a queue, oldest first. A node that is no work of a known kind ends the walk: it raced with the pool. */
function queueOf(native: NativeProcess, head: Address, markers: ReadonlySet<number>): WorkReading[] {
  const work: WorkReading[] = []
  const seen = new Set<number>()
  let node = native.memory.word(head)
  while (node !== head && node !== 0 && work.length < MAX_QUEUED && !seen.has(node)) {
    seen.add(node)
    if (!markers.has(node)) {
      const described = describeWork(native, toAddress(node - 24))
      if (described === null) break
      work.push(described)
    }
    node = native.memory.word(toAddress(node))
  }
  return work
}

function poolThreads(native: NativeProcess, array: number, size: number): ThreadBlock[] {
  const { byAddress } = native.threads()
  const blocks: ThreadBlock[] = []
  for (let index = 0; index < (array === 0 ? 0 : size); index++) {
    const block = byAddress.get(native.memory.word(toAddress(array + 8 * index)))
    if (block) blocks.push(block)
  }
  return blocks
}

/** What one pool thread runs: nothing, or the first uv__work on its stack that is linked to itself (libuv does that when it takes it). */
function runningOn(native: NativeProcess, block: ThreadBlock): WorkReading[] {
  const low = Math.max(block.stack.low, block.address - STACK_TOP_BYTES)
  const bytes = new Uint8Array(block.address - low)
  if (bytes.length < 8 || !native.memory.read(toAddress(low), bytes)) return []
  const view = new DataView(bytes.buffer)
  const tried = new Set<number>()
  for (let at = bytes.length - 8; at >= 0; at -= 8) {
    const word = view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000
    if (word % 8 !== 0 || word < 65_536 || tried.has(word)) continue
    tried.add(word)
    if (!native.memory.mappingOf(toAddress(word))?.writable) continue
    // The register holds the work itself, or its queue node.
    for (const work of [toAddress(word), toAddress(word - 24)]) {
      if (!isRunning(native, work)) continue
      const described = describeWork(native, work)
      if (described) return [{ ...described, tid: block.tid, ...syscallOf(native, block.tid) }]
    }
  }
  return []
}

function syscallOf(native: NativeProcess, tid: number): Pick<PoolWork, 'syscall'> {
  const raw = readRawSyscall(native.root, tid)
  const decoded = raw === null ? null : decodeSyscall(raw, native.root)
  if (decoded === null) return {}
  return { syscall: decoded === 'running' ? 'running' : `${decoded.name}(${decoded.args.join(', ')})` }
}
