/**
 * The layout of a process: shipped for its build, cached, or out of its binary's symbols; nothing is executed for
 * these. What they don't know, calibration learns, when the rules of `calibrate.ts` allow it.
 */
import { readBuildTable } from '../../platform/elf/build-table.js'
import { openShared } from '../../platform/elf/shared-elf.js'
import type { ElfFile } from '../../platform/elf/elf-file.js'
import type { NodeBinary } from '../../platform/runtime/node-binary.js'
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

/** @throws StallError ERR_STALL_V8_LAYOUT_UNKNOWN */
export function resolveLayout({ elf, file }: NodeBinary, options: ResolveOptions): ResolvedLayout {
  return known(elf, options) ?? fromSymbols(elf, file, options)
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
  const { elf, release } = openShared(path)
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
    release()
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

function fromSymbols(elf: ElfFile, name: string, options: ResolveOptions): ResolvedLayout {
  const found = layoutOfElf(elf)
  if (found.kind === 'not-v8') throw layoutUnknown(name, 'its symbols say nothing of V8', null)
  if (found.kind === 'unknown') throw layoutUnknown(name, found.why, found.v8)
  if (options.cacheFolder !== null) writeCachedLayout(options.cacheFolder, found.layout)
  return { layout: found.layout, origin: 'symbols' }
}
