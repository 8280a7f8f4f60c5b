/**
 * The isolates of a process, found by the headers of their heap pages: V8's pages are 256 KiB-aligned and lead to the
 * Heap they belong to (src/heap/memory-chunk-layout.h), the Heap lies inside its Isolate (src/execution/isolate.h).
 */
import { ADDRESS_LIMIT, toAddress } from '../../model/address.js'
import type { Address } from '../../model/address.js'
import type { Mapping } from '../../platform/procfs/maps.js'
import type { V8Heap } from './heap.js'

export const HEAP_PAGE = 256 * 1024
const HEADER_BYTES = 64
/** Mappings larger than this may be sparse: pagemap is asked which pages exist. */
const DENSE = 2 << 20
/** Fewer pages than this is a coincidence of words, not a heap. */
const MIN_PAGES = 4
const MAX_PAGES = 1 << 20

export interface HeapPage {
  readonly start: Address
  /** Exclusive; large objects span more than one page size. */
  readonly end: Address
}

export interface Isolate {
  readonly address: Address
  readonly pages: readonly HeapPage[]
}

function isPrivateHeap(mapping: Mapping): boolean {
  return mapping.path === '' && mapping.inode === 0 && mapping.readable && mapping.writable && !mapping.shared
}

/** Ascending 256 KiB-aligned addresses of a mapping whose first page exists. */
function* pageStarts(heap: V8Heap, mapping: Mapping): Generator<number> {
  const large = mapping.end - mapping.start > DENSE
  const runs = large ? heap.memory.present(mapping.start, mapping.end, HEAP_PAGE) : [mapping]
  for (const run of runs) {
    for (let page = Math.ceil(run.start / HEAP_PAGE) * HEAP_PAGE; page < run.end; page += HEAP_PAGE) yield page
  }
}

/** Follows a path of words from a page's header; the first word out of `header`, which holds the page's first bytes. */
function follow(heap: V8Heap, header: Buffer, path: readonly number[]): number {
  let value = 0
  for (const [step, offset] of path.entries()) {
    if (step === 0) value = header.readUInt32LE(offset) + header.readUInt32LE(offset + 4) * 2 ** 32
    else value = value % 8 === 0 && value > 65_536 ? heap.memory.word(toAddress(value + offset)) : 0
  }
  return value
}

interface Candidate {
  readonly start: number
  readonly end: number
}

/** Where the stretch of like mappings ends that one is part of: the kernel may keep what lies side by side apart. */
function contiguousEnd(mappings: readonly Mapping[], first: number): number {
  let end: number = mappings[first]?.end ?? 0
  for (let i = first + 1; i < mappings.length; i++) {
    const next = mappings[i]
    if (next === undefined || next.start !== end || !isPrivateHeap(next)) break
    end = next.end
  }
  return end
}

/** All isolates, those with most pages first. */
export function findIsolates(heap: V8Heap): Isolate[] {
  const isolates: Isolate[] = []
  for (const [owner, candidates] of candidatesByOwner(heap)) {
    const address = toAddress(owner - heap.layout.isolate.heap)
    if (candidates.length >= MIN_PAGES && isPlausible(heap, address))
      isolates.push({ address, pages: pagesOf(candidates) })
  }
  return isolates.sort((a, b) => b.pages.length - a.pages.length)
}

/**
 * Everything that looks like a page's header, by the Heap it leads to. Nothing is skipped here: words of foreign memory
 * that happen to look like a header with a far end would hide the true pages behind them in the same mapping (malloc's
 * arenas, thread stacks and pages of V8 grow together into one).
 */
function candidatesByOwner(heap: V8Heap): Map<number, Candidate[]> {
  const { page: pageLayout } = heap.layout
  const found = new Map<number, Candidate[]>()
  const header = Buffer.alloc(HEADER_BYTES)
  let budget = MAX_PAGES
  const mappings = heap.memory.mappings()
  for (const [i, mapping] of mappings.entries()) {
    if (!isPrivateHeap(mapping)) continue
    const limit = contiguousEnd(mappings, i)
    for (const start of pageStarts(heap, mapping)) {
      if (budget-- <= 0) return found
      if (!heap.memory.peek(toAddress(start), header)) continue
      const owner = follow(heap, header, pageLayout.heap)
      if (!(owner > 65_536 && owner < ADDRESS_LIMIT && owner % 8 === 0)) continue
      const end = follow(heap, header, pageLayout.end)
      if (!(end > start && end <= start + 2 ** 40)) continue
      const list = found.get(owner)
      const candidate = { start, end: Math.min(end, limit) }
      if (list === undefined) found.set(owner, [candidate])
      else list.push(candidate)
    }
  }
  return found
}

/** The inside of a large object is data: what looks like a header there is none. */
function pagesOf(candidates: readonly Candidate[]): HeapPage[] {
  const pages: HeapPage[] = []
  let covered = 0
  for (const { start, end } of candidates) {
    if (start < covered) continue
    covered = end
    pages.push({ start: toAddress(start), end: toAddress(covered) })
  }
  return pages
}

function isPlausible(heap: V8Heap, address: Address): boolean {
  const home = heap.memory.mappingOf(address)
  if (!home?.writable) return false
  const moment = readMoment(heap, address)
  return (
    moment !== null &&
    [moment.exitFrame, moment.entryFrame].every(
      (frame) => frame === 0 || (frame % 8 === 0 && heap.memory.mappingOf(toAddress(frame))?.writable === true),
    )
  )
}

/** V8's own word for what an isolate does (src/common/globals.h or include/v8-unwinder.h, StateTag). */
export const VM_STATES = [
  'JS',
  'GC',
  'PARSER',
  'BYTECODE_COMPILER',
  'COMPILER',
  'OTHER',
  'EXTERNAL',
  'ATOMICS_WAIT',
  'IDLE',
] as const

export interface IsolateMoment {
  /** Frame pointer of the innermost exit frame; 0 while JavaScript itself runs, or none is on the stack. */
  readonly exitFrame: number
  /** Frame pointer of the outermost entry frame; 0 while no JavaScript is on the stack. */
  readonly entryFrame: number
  /** Null when the word is none of V8's states. */
  readonly vmState: (typeof VM_STATES)[number] | null
}

/** As large as the words lie apart; used again, since a series of looks reads them thousands of times a second. */
let momentBytes = Buffer.alloc(0)

/** The isolate's words as they are now, never from the cache; null when they can't be read. */
export function readMoment(heap: V8Heap, isolate: Address): IsolateMoment | null {
  const { cEntryFp, jsEntry, vmState } = heap.layout.isolate
  const from = Math.min(cEntryFp, jsEntry, vmState)
  const length = Math.max(cEntryFp, jsEntry, vmState) + 8 - from
  if (momentBytes.length !== length) momentBytes = Buffer.alloc(length)
  const bytes = momentBytes
  if (!heap.memory.peek(toAddress(isolate + from), bytes)) return null
  const word = (offset: number): number =>
    bytes.readUInt32LE(offset - from) + bytes.readUInt32LE(offset - from + 4) * 2 ** 32
  return {
    exitFrame: word(cEntryFp),
    entryFrame: word(jsEntry),
    vmState: VM_STATES[bytes.readUInt16LE(vmState - from)] ?? null,
  }
}
