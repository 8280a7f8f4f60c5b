/**
 * Thread control blocks: for each thread where its stack ends, which function it started in, and (thread-isolate.ts)
 * which isolate it runs, also while it runs. Recognised by glibc's self pointers and a known thread id; found in the
 * last pages of each stack mapping, the main thread's in a small anonymous mapping.
 */
import { toAddress } from '../../model/address.js'
import type { Mapping } from '../../platform/procfs/maps.js'
import { readStatus } from '../../platform/procfs/status.js'
import { readRawSyscall } from '../../platform/procfs/syscall.js'
import { listThreads } from '../../platform/procfs/threads.js'
import { THREAD_BLOCK } from '../layouts/glibc.js'
import type { ThreadBlock, ThreadBlocks, ThreadsOwner } from './thread-block.js'

/** Where a block lies below the end of its stack mapping: it and the static thread-local storage of all modules. */
const TAIL_BYTES = 20 << 10
/** The main thread's block is in a mapping made by the loader: a few pages. Larger ones only when that fails. */
const SMALL_MAPPING_BYTES = 64 << 10
const MEDIUM_MAPPING_BYTES = 1 << 20
/** A neighbour can merge with a stack mapping: then the block is somewhere above the stack pointer. */
const SEARCH_ABOVE_SP_BYTES = 16 << 20
const CHUNK_BYTES = 128 << 10
const BLOCK_BYTES = THREAD_BLOCK.startTo

interface Candidate {
  readonly address: number
  readonly bytes: DataView
  readonly mapping: Mapping
}

export function findThreadBlocks(native: ThreadsOwner): ThreadBlocks {
  const tids = listThreads(native.root)
  const byOwnTid = ownThreadIds(native.root, tids)
  const found = new Map<number, ThreadBlock>()
  const candidates = candidatesNear(native, tids)
  const tidOffset = offsetOfTid(candidates, byOwnTid)
  const startOffset = offsetOfStart(native, candidates)
  for (const candidate of candidates) {
    const ownTid = candidate.bytes.getUint32(tidOffset, true)
    const tid = byOwnTid.get(ownTid)
    if (tid === undefined || found.has(tid)) continue
    found.set(tid, { ...blockOf(native, tid, candidate, startOffset), ownTid })
  }
  const missing = tids.filter((tid) => !found.has(tid))
  return {
    byTid: found,
    byAddress: new Map([...found.values()].map((block) => [block.address, block])),
    tidOffset,
    note: missing.length === 0 ? null : `no control block found for ${missing.length} of ${tids.length} threads`,
  }
}

/** Whether the blocks of an earlier look are those of the threads that there are now: a few words each, no search. */
export function stillCurrent(native: ThreadsOwner, known: ThreadBlocks): boolean {
  const tids = listThreads(native.root)
  if (known.note !== null || tids.length !== known.byTid.size) return false
  return tids.every((tid) => {
    const block = known.byTid.get(tid)
    if (!block) return false
    const { address, ownTid } = block
    if (tid === native.mainTid && mainStack(native)?.start !== block.stack.low) return false
    const isSelf = (offset: number): boolean => native.memory.word(toAddress(address + offset)) === address
    // A thread's stack, and its block with it, is used again by the next: only the id tells whose it is.
    return (
      isSelf(0) && isSelf(THREAD_BLOCK.selfAgain) && native.memory.u32(toAddress(address + known.tidOffset)) === ownTid
    )
  })
}

function blockOf(
  native: ThreadsOwner,
  tid: number,
  candidate: Candidate,
  startOffset: number,
): Omit<ThreadBlock, 'ownTid'> {
  const isMain = tid === native.mainTid
  const stack = isMain ? mainStack(native) : candidate.mapping
  const inBlock = startOffset + 8 <= candidate.bytes.byteLength
  return {
    tid,
    address: toAddress(candidate.address),
    stack: stack
      ? { low: stack.start, high: isMain ? stack.end : toAddress(candidate.address) }
      : { low: toAddress(0), high: toAddress(0) },
    startRoutine: toAddress(isMain || !inBlock ? 0 : wordAt(candidate.bytes, startOffset)),
  }
}

function mainStack(native: ThreadsOwner): Mapping | undefined {
  return native.memory.mappings().find((mapping) => mapping.path === '[stack]')
}

/** Thread ids as the target itself knows them (its innermost pid namespace) to ours. */
function ownThreadIds(root: string, tids: readonly number[]): ReadonlyMap<number, number> {
  const nested = namespacePids(root).length > 1
  const pairs = tids.map((tid): [number, number] => [
    nested ? (namespacePids(`${root}/task/${tid}`).at(-1) ?? tid) : tid,
    tid,
  ])
  return new Map(pairs)
}

function namespacePids(root: string): readonly number[] {
  try {
    return readStatus(root).namespacePids
  } catch {
    // The thread ended since it was listed.
    return []
  }
}

function candidatesNear(native: ThreadsOwner, tids: readonly number[]): Candidate[] {
  const found = new Map<number, Candidate>()
  const keep = (mapping: Mapping, from: number, to: number): void => {
    for (const candidate of scan(native, mapping, from, to)) found.set(candidate.address, candidate)
  }
  const mappings = native.memory.mappings().filter(holdsBlocks)
  for (const mapping of mappings) {
    const small = mapping.end - mapping.start <= SMALL_MAPPING_BYTES
    keep(mapping, small ? mapping.start : mapping.end - TAIL_BYTES, mapping.end)
  }
  for (const mapping of mappings) {
    if (found.size >= tids.length) break
    const size = mapping.end - mapping.start
    if (size > SMALL_MAPPING_BYTES && size <= MEDIUM_MAPPING_BYTES) keep(mapping, mapping.start, mapping.end)
  }
  for (const tid of found.size < tids.length ? tids : []) {
    const raw = readRawSyscall(native.root, tid)
    if (raw?.kind !== 'blocked') continue
    const mapping = native.memory.mappingOf(raw.sp)
    if (!mapping || !holdsBlocks(mapping)) continue
    const isKnown = [...found.keys()].some((address) => address > raw.sp && address < mapping.end)
    if (!isKnown) keep(mapping, raw.sp, Math.min(mapping.end, raw.sp + SEARCH_ABOVE_SP_BYTES))
  }
  return [...found.values()]
}

/** Anonymous private memory. `[anon:...]` is anonymous memory that was given a name. */
function holdsBlocks(mapping: Mapping): boolean {
  const anonymous = mapping.path === '' || mapping.path.startsWith('[anon') || mapping.path.startsWith('[stack:')
  return mapping.readable && mapping.writable && !mapping.shared && anonymous
}

/** Made once for all searches, which follow one another; a candidate's block is copied out of it. */
let shared: Uint8Array<ArrayBuffer> | null = null

function* scan(native: ThreadsOwner, mapping: Mapping, from: number, to: number): Generator<Candidate> {
  const first = Math.max(mapping.start, Math.floor(from / THREAD_BLOCK.align) * THREAD_BLOCK.align)
  for (let chunk = first; chunk < to; chunk += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES + BLOCK_BYTES, to - chunk)
    const bytes = (shared ??= new Uint8Array(CHUNK_BYTES + BLOCK_BYTES))
    if (!native.memory.read(toAddress(chunk), bytes, length)) continue
    const view = new DataView(bytes.buffer, 0, length)
    for (let at = 0; at + THREAD_BLOCK.tid + 8 <= length && at < CHUNK_BYTES; at += THREAD_BLOCK.align) {
      const address = chunk + at
      if (view.getUint32(at, true) !== address >>> 0 || wordAt(view, at) !== address) continue
      if (wordAt(view, at + THREAD_BLOCK.selfAgain) !== address) continue
      const size = Math.min(BLOCK_BYTES, length - at)
      yield { address, bytes: new DataView(bytes.slice(at, at + size).buffer), mapping }
    }
  }
}

/** The default when it names known threads; else the offset at which most candidates hold a known thread id. */
function offsetOfTid(candidates: readonly Candidate[], tids: ReadonlyMap<number, number>): number {
  const hits = (offset: number): number =>
    new Set(
      candidates.flatMap(({ bytes }) => {
        const tid = offset + 4 <= bytes.byteLength ? bytes.getUint32(offset, true) : 0
        return tids.has(tid) ? [tid] : []
      }),
    ).size
  return bestOffset(THREAD_BLOCK.tid, THREAD_BLOCK.tidFrom, THREAD_BLOCK.tidTo, 4, hits, candidates.length)
}

/** The default when it leads to code; else the offset at which most candidates hold an exact function start. */
function offsetOfStart(native: ThreadsOwner, candidates: readonly Candidate[]): number {
  const hits = (offset: number): number =>
    candidates.filter(({ bytes }) => {
      const word = offset + 8 <= bytes.byteLength ? wordAt(bytes, offset) : 0
      return word !== 0 && native.memory.mappingOf(toAddress(word))?.executable === true
    }).length
  const { startRoutine, startFrom, startTo } = THREAD_BLOCK
  return bestOffset(startRoutine, startFrom, startTo, 8, hits, candidates.length - 1)
}

function bestOffset(
  usual: number,
  from: number,
  to: number,
  step: number,
  hits: (offset: number) => number,
  most: number,
): number {
  let best = usual
  let bestHits = hits(usual)
  if (bestHits * 2 > most) return usual
  for (let offset = from; offset < to; offset += step) {
    const count = hits(offset)
    if (count > bestHits) {
      best = offset
      bestHits = count
    }
  }
  return best
}

function wordAt(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000
}
