/** Lines of the program around a place, kept in a bundle: after the next release the files are others. */
import type { SourcePosition } from './frame.js'

export interface SourceLine {
  /** From 1. */
  readonly line: number
  /** Redacted; a long line is cut around the place. */
  readonly text: string
  /** The line of the place itself. */
  readonly here: boolean
}

export interface SourceExcerpt {
  /** The place as the process knows it: of a frame or an await. */
  readonly at: SourcePosition
  /** The file that the lines are of: `at`, or where a source map leads. */
  readonly from: SourcePosition
  /** Three lines at most; null when the file could not be read, or has no such line. */
  readonly lines: readonly SourceLine[] | null
  /** The file was changed after the process started: the lines may not be those that run. */
  readonly changed: boolean
}

/** Content of `sources.json` in a bundle. */
export interface SourceExcerpts {
  readonly schema: number
  readonly excerpts: readonly SourceExcerpt[]
}

export const SOURCES_SCHEMA = 1

/** The excerpt of a place, if one was kept. */
export function excerptAt(
  excerpts: readonly SourceExcerpt[],
  place: { readonly file: string | null; readonly line: number | null; readonly column?: number | null },
): SourceExcerpt | null {
  const alike = excerpts.filter(({ at }) => at.file === place.file && at.line === place.line)
  return alike.find(({ at }) => at.column === (place.column ?? undefined)) ?? alike[0] ?? null
}
