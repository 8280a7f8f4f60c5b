/**
 * What is known of the common official builds, shipped with the package as `layouts/BUILD-ID.json`, so that a dump of
 * one of them searches no symbols. Made from the binaries by `npm run layouts`. Each room checks its own part.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface BuildTable {
  readonly buildId: string
  /** `v22.23.3 linux-x64`, for people. */
  readonly build: string
  /** What `v8/layouts` needs: a V8Layout. */
  readonly v8: unknown
  /** What `native` needs. */
  readonly native?: unknown
}

/** The package's own folder, the same from `src/platform/elf` and `dist/platform/elf`. */
export const BUILD_TABLES = join(__dirname, '..', '..', '..', 'layouts')

/** The last one: whoever recognises a process, its layout and its symbols asks for the same one after another. */
let last: { readonly file: string; readonly table: BuildTable | null } | null = null

/** Null when no table of that build is shipped. */
export function readBuildTable(buildId: string, folder = BUILD_TABLES): BuildTable | null {
  if (!/^[0-9a-f]{8,64}$/.test(buildId)) return null
  const file = join(folder, `${buildId}.json`)
  if (last?.file !== file) last = { file, table: read(file, buildId) }
  return last.table
}

function read(file: string, buildId: string): BuildTable | null {
  try {
    const table = JSON.parse(readFileSync(file, 'utf8')) as BuildTable
    return table.buildId === buildId ? table : null
  } catch {
    // Not shipped: the symbols of the binary, or calibration, say the same.
    return null
  }
}
