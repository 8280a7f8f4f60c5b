/** The source text of a suspended function, and where in it the function stands. */
import type { Script } from '../../v8/objects/scripts.js'
import type { Suspended } from '../scan/suspended.js'

const MAX_TEXT = 100_000

export interface OwnText {
  readonly script: Script
  readonly text: string
  /** Of the text in its script. */
  readonly start: number
  /** Offset in the text of the `await` at which it is suspended. */
  readonly at: number
}

/** Null without source, or where its await can't be found in it. */
export function ownTextOf({ function: fn, place, machine }: Suspended): OwnText | null {
  const { script, start, end } = fn
  if (script === null || place === null || start < 0 || end <= start || end - start > MAX_TEXT) return null
  const text = script.source(start, end - start)
  if (text === null) return null
  // Of several in the line, the one nearest to the column. What a compiler made of one yields.
  const leaves = machine === undefined ? /\b(?:await|yield)\b/g : /\breturn\b/g
  const [found] = [...text.matchAll(leaves)]
    .map(({ index }) => ({ index, at: script.lineColumn(start + index) }))
    .filter(({ at }) => at?.line === place.line)
    .toSorted((a, b) => Math.abs((a.at?.column ?? 0) - place.column) - Math.abs((b.at?.column ?? 0) - place.column))
  return found === undefined ? null : { script, text, start, at: found.index }
}
