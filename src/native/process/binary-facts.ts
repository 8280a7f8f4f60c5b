/**
 * What the symbols of a Node binary (or of the libnode.so it loads) tell: where libuv keeps its loop and its pool,
 * which vtable is which class, where a thread keeps its isolate. Plain data, one record a build id: the symbols cost
 * 60 to 120 ms to search, a known record nothing. Addresses are those of the file, before the load bias.
 */
import { readBuildTable } from '../../platform/elf/build-table.js'
import { vtableClass } from '../../platform/elf/demangle.js'
import type { ElfFile } from '../../platform/elf/elf-file.js'
import type { ElfSymbol, FunctionSymbol } from '../../platform/elf/elf-symbols.js'
import { DEFAULT_LOOP_SYMBOL, POOL_FILE, POOL_SYMBOLS, WORK_FUNCTIONS } from '../layouts/libuv.js'

const CURRENT_ISOLATE = '_ZN2v88internal18g_current_isolate_E'
const V8_MAJOR = '_ZN2v88internal7Version6major_E'
const V8_MINOR = '_ZN2v88internal7Version6minor_E'
/** V8's postmortem constants survive strip: they are in the dynamic symbols too. */
const V8_MARK = 'v8dbg_SmiTagMask'
const NODE_VTABLES = '_ZTVN4node'
/** V8's classes that are met as objects outside of its heap. */
const V8_VTABLES = [
  '_ZTVN2v88internal14MicrotaskQueueE',
  '_ZTVN2v88internal8NewSpaceE',
  '_ZTVN2v88internal17SemiSpaceNewSpaceE',
  '_ZTVN2v88internal13PagedNewSpaceE',
  '_ZTVN2v88internal8OldSpaceE',
  '_ZTVN2v88internal11StickySpaceE',
  '_ZTVN2v88internal9CodeSpaceE',
  '_ZTVN2v88internal11SharedSpaceE',
  '_ZTVN2v88internal12TrustedSpaceE',
  '_ZTVN2v88internal18SharedTrustedSpaceE',
  '_ZTVN2v88internal19OldLargeObjectSpaceE',
  '_ZTVN2v88internal19NewLargeObjectSpaceE',
  '_ZTVN2v88internal20CodeLargeObjectSpaceE',
  '_ZTVN2v88internal23TrustedLargeObjectSpaceE',
  '_ZTVN2v88internal22SharedLargeObjectSpaceE',
  '_ZTVN2v88internal29SharedTrustedLargeObjectSpaceE',
  '_ZTVN2v88internal13ReadOnlySpaceE',
  '_ZTVN2v88internal19SharedReadOnlySpaceE',
] as const

/** A C++ object's vtable pointer is this far behind the vtable's symbol (offset to top, type information). */
const VTABLE_HEADER_BYTES = 16
const MAX_KEPT = 8

export interface BinaryFacts {
  readonly buildId: string | null
  /** Whether V8 is in it at all. */
  readonly hasV8: boolean
  /** Statics of libuv's threadpool.c; null when any is missing (a stripped binary). */
  readonly pool: Readonly<Record<keyof typeof POOL_SYMBOLS, number>> | null
  /** First address of each kind of pool work; absent where stripped. */
  readonly workFunctions: Readonly<Partial<Record<keyof typeof WORK_FUNCTIONS, number>>>
  readonly defaultLoop: number | null
  /** Offset of V8's current isolate in the TLS template; null where the symbol is gone. */
  readonly isolateTlsOffset: number | null
  /** `13.6`; null when the symbols are gone. */
  readonly v8Version: string | null
  /** First word of an object (less the load bias) to its class without namespaces: `TCPWrap`. */
  readonly classes: ReadonlyMap<number, string>
  /** In which threads start; none where no table tells, and the symbols are searched for each that is met. */
  readonly threadStarts: readonly FunctionSymbol[]
}

const kept = new Map<string, BinaryFacts>()

/** As it is kept in a shipped table: JSON has no maps. */
export type BinaryFactsTable = Omit<BinaryFacts, 'classes' | 'threadStarts'> & {
  readonly classes: readonly (readonly [number, string])[]
  /** Address, length in bytes, symbol. */
  readonly threadStarts: readonly (readonly [number, number, string])[]
}

/** For `tools/make-layouts.mjs`, which loads build/. @public */
export function factsAsTable(facts: BinaryFacts, threadStarts: readonly FunctionSymbol[]): BinaryFactsTable {
  return {
    ...facts,
    classes: [...facts.classes],
    threadStarts: threadStarts.map(({ value, sizeBytes, name }) => [value, sizeBytes, name]),
  }
}

/** Null when `table` is none of ours: the symbols then say the same, slower. */
function factsFromTable(table: unknown, buildId: string | null): BinaryFacts | null {
  if (typeof table !== 'object' || table === null) return null
  const facts = table as BinaryFactsTable
  if (facts.buildId !== buildId || !Array.isArray(facts.classes) || typeof facts.hasV8 !== 'boolean') return null
  if (!Array.isArray(facts.threadStarts)) return null
  const threadStarts = facts.threadStarts.map(([value, sizeBytes, name]) => ({ value, sizeBytes, name }))
  return { ...facts, classes: new Map(facts.classes), threadStarts }
}

export function binaryFactsOf(elf: ElfFile): BinaryFacts {
  const facts = knownFactsOf(elf)
  elf.symbols.know(facts.threadStarts)
  return facts
}

function knownFactsOf(elf: ElfFile): BinaryFacts {
  const known = elf.buildId === null ? undefined : kept.get(elf.buildId)
  if (known) return known
  const table = elf.buildId === null ? undefined : readBuildTable(elf.buildId)?.native
  const facts = factsFromTable(table, elf.buildId) ?? readFacts(elf)
  if (elf.buildId !== null) {
    if (kept.size >= MAX_KEPT) kept.clear()
    kept.set(elf.buildId, facts)
  }
  return facts
}

function readFacts(elf: ElfFile): BinaryFacts {
  const found = elf.symbols.find(
    [
      ...Object.values(POOL_SYMBOLS),
      ...Object.values(WORK_FUNCTIONS),
      DEFAULT_LOOP_SYMBOL,
      CURRENT_ISOLATE,
      V8_MAJOR,
      V8_MINOR,
      V8_MARK,
      ...V8_VTABLES,
    ],
    [NODE_VTABLES],
  )
  const address = (name: string): number | null => found.get(name)?.[0]?.value ?? null
  const classes = new Map<number, string>()
  for (const [name, symbols] of found) {
    const named = vtableClass(name)
    if (named === null) continue
    for (const symbol of symbols) classes.set(symbol.value + VTABLE_HEADER_BYTES, named)
  }
  const workFunctions: Partial<Record<keyof typeof WORK_FUNCTIONS, number>> = {}
  for (const key of Object.keys(WORK_FUNCTIONS) as (keyof typeof WORK_FUNCTIONS)[]) {
    const value = address(WORK_FUNCTIONS[key])
    if (value !== null) workFunctions[key] = value
  }
  return {
    buildId: elf.buildId,
    hasV8: found.has(V8_MARK),
    pool: poolStatics(found),
    workFunctions,
    defaultLoop: address(DEFAULT_LOOP_SYMBOL),
    isolateTlsOffset: found.get(CURRENT_ISOLATE)?.find((symbol) => symbol.kind === 'tls')?.value ?? null,
    v8Version: versionOf(elf, address(V8_MAJOR), address(V8_MINOR)),
    classes,
    threadStarts: [],
  }
}

/** Names like `wq` and `threads` are common: only those of threadpool.c count. */
function poolStatics(found: ReadonlyMap<string, readonly ElfSymbol[]>): BinaryFacts['pool'] {
  const statics: Partial<Record<keyof typeof POOL_SYMBOLS, number>> = {}
  for (const key of Object.keys(POOL_SYMBOLS) as (keyof typeof POOL_SYMBOLS)[]) {
    const symbol = found.get(POOL_SYMBOLS[key])?.find((candidate) => candidate.file === POOL_FILE)
    if (!symbol) return null
    statics[key] = symbol.value
  }
  return statics as Record<keyof typeof POOL_SYMBOLS, number>
}

function versionOf(elf: ElfFile, major: number | null, minor: number | null): string | null {
  const numbers = [major, minor].map((address) => (address === null ? null : elf.readInt32(address)))
  return numbers.every((part) => part !== null && part >= 0 && part < 1000) ? numbers.join('.') : null
}
