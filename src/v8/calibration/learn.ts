/**
 * What a process with a known stack tells about its own layout: where an isolate keeps its words, how a heap page
 * leads to its Heap. The other half of calibration; `calibrate.ts` starts such a process.
 */
import { toAddress } from '../../model/address.js'
import type { Address } from '../../model/address.js'
import type { Mapping } from '../../platform/procfs/maps.js'
import { Functions } from '../objects/functions.js'
import type { V8Heap } from '../heap/heap.js'
import { HEAP_PAGE } from '../heap/isolates.js'
import { FrameReader, isEntry } from '../stack/frames.js'
import type { MachineFrame } from '../stack/frames.js'
import { copyStack } from '../../platform/memory/stack-window.js'
import type { StackWindow } from '../../platform/memory/stack-window.js'
import type { V8Layout } from '../layouts/layout.js'

/** An Isolate is smaller than this: words that belong to one lie no further apart. */
const ISOLATE_BYTES = 256 * 1024
const MAX_SEARCHED = 64 << 20
const HEADER_WORDS = 32
const METADATA_WORDS = 64
/** Between c_entry_fp and js_entry_sp: both in ThreadLocalTop, or one of them in IsolateData just before it. */
const NEAR_WORDS = 64

export interface CalibratedOffsets {
  readonly page: V8Layout['page']
  readonly isolate: V8Layout['isolate']
  readonly nextExit: number
}

interface KnownStack {
  readonly window: StackWindow
  readonly exit: MachineFrame
  /** Outermost entry frame. */
  readonly entry: MachineFrame
  readonly nextExit: number
  readonly functionAddress: number
}

/**
 * @param heap of the process, with a layout whose exported half is right
 * @param sp its stack pointer while blocked
 * @param names functions on its stack, innermost first
 * @param isolate its address where thread-local storage tells it; null: taken from the table's distance to the Heap
 */
export function learnLayout(
  heap: V8Heap,
  sp: Address,
  names: readonly string[],
  isolate: Address | null,
): CalibratedOffsets | null {
  const window = copyStack(heap.memory, sp)
  if (!window) return null
  for (const stack of knownStacks(heap, window, names)) {
    for (const location of wordsEqualTo(heap, stack.exit.fp, window)) {
      const learnt = learnFrom(heap, stack, location, isolate)
      if (learnt) return learnt
    }
  }
  return null
}

/** Exit frames from which the walk meets all names in order; the entry slot that leads outwards is found on the way. */
function* knownStacks(heap: V8Heap, window: StackWindow, names: readonly string[]): Generator<KnownStack> {
  const reader = new FrameReader(heap)
  const functions = new Functions(heap)
  for (let at = window.low; at < window.high; at += 8) {
    const exit = reader.frameAt(window, at)
    if (!exit?.kind.endsWith('ExitFrame')) continue
    const seen: string[] = []
    let functionAddress = 0
    let frame: MachineFrame | null = exit
    for (let steps = 0; frame && steps < 200; steps++) {
      const name = frame.kind === 'js' ? functions.ofFunction(frame.function)?.name : null
      if (name && names.includes(name) && seen.at(-1) !== name) {
        seen.push(name)
        functionAddress = frame.function
      }
      if (isEntry(frame.kind)) break
      frame = reader.frameAt(window, frame.callerFp)
    }
    if (!frame || seen[0] !== names[0]) continue
    const stack = throughEntries(reader, functions, window, frame, names, seen)
    if (stack) yield { ...stack, window, exit, functionAddress }
  }
}

/** From the first entry frame outwards: the slot is right when following it meets the names that are left, and ends in 0. */
function throughEntries(
  reader: FrameReader,
  functions: Functions,
  window: StackWindow,
  first: MachineFrame,
  names: readonly string[],
  seen: readonly string[],
): { readonly entry: MachineFrame; readonly nextExit: number } | null {
  for (let slot = -160; slot <= -8; slot += 8) {
    const met = [...seen]
    let entry = first
    for (let entries = 0; entries < 20; entries++) {
      const next = window.word(entry.fp + slot)
      if (next === 0) {
        if (names.every((name, index) => met[index] === name)) return { entry, nextExit: slot }
        break
      }
      let frame = next > entry.fp ? reader.frameAt(window, next) : null
      if (!frame?.kind.endsWith('ExitFrame')) break
      for (let steps = 0; frame && !isEntry(frame.kind) && steps < 200; steps++) {
        const name = frame.kind === 'js' ? functions.ofFunction(frame.function)?.name : null
        if (name && names.includes(name) && met.at(-1) !== name) met.push(name)
        frame = reader.frameAt(window, frame.callerFp)
      }
      if (!frame) break
      entry = frame
    }
  }
  return null
}

/** Addresses of words outside of the stack that hold `value`, in private writable memory; bounded. */
function* wordsEqualTo(heap: V8Heap, value: number, stack: StackWindow): Generator<number> {
  const low = value % 2 ** 32
  const high = Math.floor(value / 2 ** 32)
  const wanted = heap.memory.mappings().filter((mapping) => isData(mapping) && mapping.end !== stack.high)
  let budget = MAX_SEARCHED
  // The malloc heap first: Isolates of 11.3 are there.
  for (const mapping of [...wanted].sort((a, b) => Number(b.path === '[heap]') - Number(a.path === '[heap]'))) {
    for (const run of heap.memory.present(mapping.start, mapping.end)) {
      const size = Math.min(run.end - run.start, budget)
      budget -= size
      if (size < 8) return
      const bytes = Buffer.allocUnsafe(size)
      if (!heap.memory.peek(run.start, bytes)) continue
      for (let at = 0; at + 8 <= size; at += 8) {
        if (bytes.readUInt32LE(at) === low && bytes.readUInt32LE(at + 4) === high) yield run.start + at
      }
    }
  }
}

function isData(mapping: Mapping): boolean {
  return mapping.readable && mapping.writable && !mapping.shared && (mapping.path === '' || mapping.path === '[heap]')
}

function learnFrom(
  heap: V8Heap,
  stack: KnownStack,
  location: number,
  isolate: Address | null,
): CalibratedOffsets | null {
  const page = stack.functionAddress - (stack.functionAddress % HEAP_PAGE)
  const owner = ownerPath(heap, page, location)
  const end = endPath(heap, page)
  if (!owner || !end) return null
  const base = isolate ?? owner.heap - heap.layout.isolate.heap
  if (base > location || location - base > ISOLATE_BYTES || owner.heap - base > ISOLATE_BYTES) return null
  const entryAt = nearbyWord(heap, location, stack.entry.fp)
  if (entryAt === null) return null
  return {
    nextExit: stack.nextExit,
    page: { heap: owner.path, end },
    isolate: {
      cEntryFp: location - base,
      jsEntry: entryAt - base,
      // src/execution/thread-local-top.h: js_entry_sp_, external_callback_scope_, current_vm_state_.
      vmState: entryAt - base + 16,
      heap: owner.heap - base,
      microtaskQueue:
        isolate === null || isKnown(heap.layout, owner.heap - base) ? heap.layout.isolate.microtaskQueue : -1,
    },
  }
}

function isKnown(layout: V8Layout, distance: number): boolean {
  return distance === layout.isolate.heap
}

/** The word of a page's header, or of its metadata, that points into the object around `location`. */
function ownerPath(heap: V8Heap, page: number, location: number): { heap: number; path: number[] } | null {
  const near = (word: number): boolean => word > location && word - location < ISOLATE_BYTES && word % 8 === 0
  const word = (address: number): number => heap.memory.word(toAddress(address))
  const table = heap.layout.page.heap
  const candidates = [table, ...headerPaths()]
  for (const path of candidates) {
    const value = path.reduce((address, offset) => (address > 65_536 ? word(address + offset) : 0), page)
    if (near(value)) return { heap: value, path: [...path] }
  }
  return null
}

function endPath(heap: V8Heap, page: number): number[] | null {
  const word = (address: number): number => heap.memory.word(toAddress(address))
  for (const path of [heap.layout.page.end, ...headerPaths()]) {
    const value = path.reduce((address, offset) => (address > 65_536 ? word(address + offset) : 0), page)
    if (value === page + HEAP_PAGE) return [...path]
  }
  return null
}

function* headerPaths(): Generator<readonly number[]> {
  for (let index = 0; index < HEADER_WORDS; index++) yield [8 * index]
  for (let index = 0; index < METADATA_WORDS; index++) yield [8, 8 * index]
}

function nearbyWord(heap: V8Heap, location: number, value: number): number | null {
  for (let distance = 1; distance <= NEAR_WORDS; distance++) {
    const at = location + 8 * distance
    if (heap.memory.word(toAddress(at)) === value) return at
  }
  return null
}
