/**
 * What a binary itself says: whether it has V8 in it, which version, and the layout that follows. Nothing is run.
 */
import { StallError } from '../../model/stall-error.js'
import type { ElfFile } from '../../platform/elf/elf-file.js'
import { FAMILIES, familyOf, layoutFromSymbols } from './from-symbols.js'
import type { LayoutSource } from './from-symbols.js'
import type { V8Family, V8Layout } from './layout.js'

const PREFIX = 'v8dbg_'
const MAJOR = '_ZN2v88internal7Version6major_E'
const MINOR = '_ZN2v88internal7Version6minor_E'
const BUILD = '_ZN2v88internal7Version6build_E'
const PATCH = '_ZN2v88internal7Version6patch_E'
const BYTECODE_SIZES = '_ZN2v88internal11interpreter9Bytecodes14kBytecodeSizesE'
/** Three operand scales, fewer than 256 bytecodes each. */
const MAX_BYTECODE_SIZES = 3 * 256

export type BinaryLayout =
  /** `layout` from symbols and the version table. */
  | { readonly kind: 'known'; readonly layout: V8Layout }
  /** V8, but of a version that no table describes, or built in a way that can't be read. */
  | { readonly kind: 'unknown'; readonly v8: string | null; readonly why: string }
  | { readonly kind: 'not-v8' }

export function layoutOfElf(elf: ElfFile): BinaryLayout {
  const facts = readFacts(elf)
  if (facts.kind !== 'v8') return facts
  const family = familyOf(facts.major, facts.minor)
  if (!family) return { kind: 'unknown', v8: facts.v8, why: `no table describes V8 ${facts.major}.${facts.minor}` }
  const layout = layoutFromSymbols({ ...facts, family })
  return layout ? { kind: 'known', layout } : { kind: 'unknown', v8: facts.v8, why: LACKS_SYMBOLS }
}

/** For calibration: a layout for every version's table, the nearest version first; one of them may fit. */
export function layoutsOfElf(elf: ElfFile): {
  readonly layouts: readonly V8Layout[]
  readonly v8: string | null
  readonly why: string
} {
  const facts = readFacts(elf)
  if (facts.kind === 'not-v8') return { layouts: [], v8: null, why: 'it has no V8 in it' }
  if (facts.kind === 'unknown') return { layouts: [], v8: facts.v8, why: facts.why }
  const distance = (family: V8Family): number => {
    const [major = 0, minor = 0] = family.split('.').map(Number)
    return Math.abs((major - facts.major) * 10 + (minor - facts.minor))
  }
  const layouts = FAMILIES.toSorted((a, b) => distance(a) - distance(b)).flatMap(
    (family) => layoutFromSymbols({ ...facts, family }) ?? [],
  )
  return { layouts, v8: facts.v8, why: LACKS_SYMBOLS }
}

const LACKS_SYMBOLS = 'it lacks symbols that are needed, or was built with pointer compression'

interface BinaryFacts extends Omit<LayoutSource, 'family'> {
  readonly kind: 'v8'
  readonly major: number
  readonly minor: number
}

function readFacts(elf: ElfFile): BinaryFacts | Exclude<BinaryLayout, { kind: 'known' }> {
  const found = elf.symbols.find([MAJOR, MINOR, BUILD, PATCH, BYTECODE_SIZES], [PREFIX])
  const symbols = new Map<string, number>()
  for (const [name, [symbol]] of found) {
    const value = name.startsWith(PREFIX) && symbol ? elf.readInt32(symbol.value) : null
    if (value !== null) symbols.set(name.slice(PREFIX.length), value)
  }
  if (symbols.size === 0) return { kind: 'not-v8' }
  const { machine } = elf
  if (machine === 'other') return { kind: 'unknown', v8: null, why: 'the architecture is neither x64 nor arm64' }
  const number = (name: string): number | null => {
    const symbol = found.get(name)?.[0]
    return symbol ? elf.readInt32(symbol.value) : null
  }
  const [major, minor, build, patch] = [number(MAJOR), number(MINOR), number(BUILD), number(PATCH)]
  if (major === null || minor === null) return { kind: 'unknown', v8: null, why: 'its V8 version is not in its symbols' }
  const sizes = found.get(BYTECODE_SIZES)?.[0]
  const bytes =
    sizes && sizes.sizeBytes <= MAX_BYTECODE_SIZES && sizes.sizeBytes % 3 === 0
      ? elf.readVirtual(sizes.value, sizes.sizeBytes)
      : null
  return {
    kind: 'v8',
    symbols,
    v8: [major, minor, build ?? 0, patch ?? 0].join('.'),
    machine,
    major,
    minor,
    buildId: elf.buildId,
    bytecodeSizes: bytes ? [...bytes] : null,
  }
}

/** The error for a layout that nobody knows; the help names what would make it known. */
export function layoutUnknown(executable: string, why: string, v8: string | null): StallError {
  return new StallError(
    'ERR_STALL_V8_LAYOUT_UNKNOWN',
    `the memory layout of ${executable}${v8 === null ? '' : ` (V8 ${v8})`} is not known: ${why}`,
    {
      help: 'conductor-diag dump PID --engine inspector works for JavaScript that still runs; --calibrate learns the layout by starting the same binary once',
    },
  )
}
