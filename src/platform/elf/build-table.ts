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

/** Null when no table of that build is shipped. */
export function readBuildTable(buildId: string, folder = BUILD_TABLES): BuildTable | null {
  if (!/^[0-9a-f]{8,64}$/.test(buildId)) return null
  try {
    const table = JSON.parse(readFileSync(join(folder, `${buildId}.json`), 'utf8')) as BuildTable
    return table.buildId === buildId ? table : null
  } catch {
    // Not shipped: the symbols of the binary, or calibration, say the same.
    return null
  }
}
