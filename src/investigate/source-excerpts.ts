/**
 * Three lines of source for each frame of a verdict's chain and for the places that most functions wait at, read while
 * the files are still those that run. Synchronous and bounded: so many files, so many places.
 */
import type { Evidence } from '../model/evidence.js'
import type { SourcePosition } from '../model/frame.js'
import { type SourceExcerpt, type SourceExcerpts, SOURCES_SCHEMA } from '../model/source-excerpt.js'
import type { Verdict } from '../model/verdict.js'
import type { Redactor } from '../redact/redactor.js'
import { excerptOf, readSource, type SourceFile } from '../source/excerpt.js'
import { changedSince } from './changed-since.js'
import { originOf } from '../source/origin.js'
import type { SourceMaps } from '../source/source-maps.js'

const MAX_EXCERPTS = 40
const MAX_FILES = 20
/** Awaits beyond those of the chain, by how many functions wait there. */
const TOP_AWAITS = 10

interface Place {
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly source?: SourcePosition
}

export interface ExcerptOptions {
  /** Prefix of every path: `/proc/PID/root` from outside, nothing inside. */
  readonly root: string
  readonly redactor: Pick<Redactor, 'text'>
  /** Maps that have been read, for originals that were not deployed. */
  readonly maps?: Pick<SourceMaps, 'contentOf'>
}

export function excerptsOf(
  evidence: Evidence,
  verdicts: readonly Verdict[],
  { root, redactor, maps }: ExcerptOptions,
): SourceExcerpts {
  const files = new Map<string, SourceFile | null>()
  const fileOf = (name: string): SourceFile | null => {
    const known = files.get(name)
    if (known !== undefined) return known
    const fresh = files.size < MAX_FILES ? readSource(`${root}${name}`) : null
    files.set(name, fresh)
    return fresh
  }
  const excerpts = placesOf(evidence, verdicts).map((place): SourceExcerpt => {
    const [first, ...others] = place.source === undefined ? [place.at] : [place.source, place.at]
    // The original is what a person wrote; where it was not deployed, the generated code is what there is.
    const kept = place.source === undefined ? null : (maps?.contentOf(place.source.file) ?? null)
    const from = fileOf(first?.file ?? '') === null && kept === null ? (others[0] ?? place.at) : (first ?? place.at)
    const file = fileOf(from.file) ?? (kept === null ? null : { bytes: Buffer.from(kept), changedAtMs: 0 })
    const wanted = { line: from.line, column: from.column ?? null }
    const lines = file && excerptOf(file.bytes, wanted, (code) => redactor.text(code, { code: true }))
    return { at: place.at, from, lines, changed: file !== null && changedSince(evidence.process, file) }
  })
  return { schema: SOURCES_SCHEMA, excerpts }
}

interface WantedPlace {
  readonly at: SourcePosition
  readonly source?: SourcePosition
}

/** The user's own places, most telling first, each once. */
function placesOf(evidence: Evidence, verdicts: readonly Verdict[]): WantedPlace[] {
  const awaits = evidence.looks.at(-1)?.awaits?.awaits ?? []
  const top = awaits
    .filter((node) => node.doubtful !== true)
    .toSorted((a, b) => b.count - a.count)
    .slice(0, TOP_AWAITS)
  const all: (Place | null)[] = [
    ...verdicts.flatMap((verdict) => [verdict.where, ...verdict.chain]),
    ...(evidence.tasks ?? []).flatMap((task) => [task.execute, ...(task.parked ?? [])]),
    ...top.flatMap((node) => [
      node,
      ...(node.waitsFor?.pool?.takenIn ?? []).flatMap((taking) => [taking.leaves ?? null, taking]),
      ...(node.waitsFor?.holders ?? []),
      ...node.awaitedBy,
    ]),
  ]
  const wanted = new Map<string, WantedPlace>()
  for (const place of all) {
    if (wanted.size >= MAX_EXCERPTS) break
    if (place === null || place.file === null || place.line === null) continue
    if (!place.file.startsWith('/') || !isTelling(place.file)) continue
    const at = { file: place.file, line: place.line, ...(place.column === null ? {} : { column: place.column }) }
    const key = `${at.file}:${at.line}:${place.column ?? ''}`
    if (!wanted.has(key)) wanted.set(key, { at, ...(place.source === undefined ? {} : { source: place.source }) })
  }
  return [...wanted.values()]
}

/** A dependency's line is told by its name and version; the user's code is where something can be mended. */
function isTelling(file: string): boolean {
  return originOf(file) === 'user'
}
