/**
 * Lines of source as a person wrote them: of the original file, else of the text that its map brought along, and of the
 * generated file only where there is neither.
 */
import type { SourcePosition } from '../model/frame.js'
import { excerptOf, readExcerpt, type ExcerptLine } from './excerpt.js'
import { createSourceMaps } from './source-maps.js'

interface Place {
  readonly file: string
  readonly line: number
  readonly column: number | null
  readonly source?: SourcePosition
}

/** @param options as of `readExcerpt` */
export function originalExcerpt(
  place: Place,
  options: { readonly root?: string; readonly redact: (code: string) => string },
): readonly ExcerptLine[] | null {
  const { source } = place
  if (source === undefined) return readExcerpt(place, options)
  const wanted = { file: source.file, line: source.line, column: source.column ?? null }
  const deployed = readExcerpt(wanted, options)
  if (deployed !== null) return deployed
  const maps = createSourceMaps(options.root === undefined ? {} : { root: options.root })
  maps.originalOf(place.file, place.line, place.column ?? 1)
  const kept = maps.contentOf(source.file)
  return (kept === null ? null : excerptOf(kept, wanted, options.redact)) ?? readExcerpt(place, options)
}
