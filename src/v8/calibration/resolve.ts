/**
 * The layout of a process: shipped for its build, cached, or out of its binary's symbols; nothing is executed for
 * these. What they don't know, calibration learns, when the rules of `calibrate.ts` allow it.
 */
import { StallError } from '../../model/stall-error.js'
import { readBuildTable } from '../../platform/elf/build-table.js'
import { openElf } from '../../platform/elf/elf-file.js'
import type { ElfFile } from '../../platform/elf/elf-file.js'
import type { Mapping } from '../../platform/procfs/maps.js'
import { statSync } from 'node:fs'
import { readExecutable } from '../../platform/procfs/process.js'
import { calibrate } from './calibrate.js'
import { isSingleExecutable, plainNode } from './plain-node.js'
import { layoutOfElf, layoutUnknown } from '../layouts/binary.js'
import { isLayout, readCachedLayout, writeCachedLayout } from '../layouts/cache.js'
import type { V8Layout } from '../layouts/layout.js'

export type LayoutOrigin = 'shipped' | 'cached' | 'symbols' | 'calibrated'

export interface ResolvedLayout {
  readonly layout: V8Layout
  readonly origin: LayoutOrigin
}

export interface ResolveOptions {
  /** Null: no cache is read or written (inside the worker). */
  readonly cacheFolder: string | null
  /** Where the shipped tables are; the package's own when unset. */
  readonly tables?: string
}

/** Debian's node is a small program over this library. */
const LIBNODE = /\/libnode\.so[.\d]*$/

/**
 * @param root `/proc/PID` or `/proc/self`
 * @throws StallError ERR_STALL_NOT_NODE, ERR_STALL_V8_LAYOUT_UNKNOWN, ERR_STALL_ELF_INVALID, ERR_STALL_PERMISSION,
 * ERR_STALL_NO_SUCH_PROCESS
 */
export function resolveLayout(root: string, mappings: readonly Mapping[], options: ResolveOptions): ResolvedLayout {
  const program = resolveFile(`${root}/exe`, `${root}/exe`, options)
  if (program) return program
  const library = mappings.find((mapping) => LIBNODE.test(mapping.path))?.path
  const shared = library === undefined ? null : resolveFile(`${root}/root${library}`, library, options)
  if (shared) return shared
  throw new StallError('ERR_STALL_NOT_NODE', `the program of ${root} has no V8 in it that can be recognised`, {
    help: 'conductor-diag ps lists the Node processes; doctor PID says what this one is',
  })
}

/**
 * Learns the layout by starting the process's own binary.
 *
 * @param forced by the user: the name of the binary then does not matter; a single-executable application still does
 * @throws StallError ERR_STALL_V8_LAYOUT_UNKNOWN, with why it is not allowed or did not work
 */
export function calibrateLayout(root: string, options: ResolveOptions & { readonly forced: boolean }): ResolvedLayout {
  const path = `${root}/exe`
  const name = readExecutable(root)?.path ?? path
  const elf = openElf(path)
  try {
    const owner = statSync(root).uid
    if (owner !== process.getuid?.()) {
      throw layoutUnknown(name, `only user ${owner}, whose process it is, may start it for calibration`, null)
    }
    const plain = plainNode(elf, path, name)
    if (plain !== 'yes' && (!options.forced || isSingleExecutable(path))) throw layoutUnknown(name, plain.no, null)
    const layout = calibrate(path, elf)
    if (options.cacheFolder !== null) writeCachedLayout(options.cacheFolder, layout)
    return { layout, origin: 'calibrated' }
  } finally {
    elf.dispose()
  }
}

/** Null when the file has no V8 in it. */
function resolveFile(path: string, name: string, options: ResolveOptions): ResolvedLayout | null {
  const elf = openElf(path)
  try {
    return known(elf, options) ?? fromSymbols(elf, name, options)
  } finally {
    elf.dispose()
  }
}

function known(elf: ElfFile, options: ResolveOptions): ResolvedLayout | null {
  const { buildId } = elf
  if (buildId === null) return null
  const shipped = readBuildTable(buildId, options.tables)?.v8
  if (isLayout(shipped)) return { layout: shipped, origin: 'shipped' }
  const cached = options.cacheFolder === null ? null : readCachedLayout(options.cacheFolder, buildId)
  return cached ? { layout: cached, origin: 'cached' } : null
}

function fromSymbols(elf: ElfFile, name: string, options: ResolveOptions): ResolvedLayout | null {
  const found = layoutOfElf(elf)
  if (found.kind === 'not-v8') return null
  if (found.kind === 'unknown') throw layoutUnknown(name, found.why, found.v8)
  if (options.cacheFolder !== null) writeCachedLayout(options.cacheFolder, found.layout)
  return { layout: found.layout, origin: 'symbols' }
}
