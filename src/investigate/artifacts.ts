/** What of an investigation is stored, under which name, and when: each piece is on disk before the next is captured. */
import type { Evidence } from '../model/evidence.js'
import { SOURCES_FILE } from '../incident/bundle-format.js'
import type { MissingArtifact } from '../model/incident.js'
import type { LookPart } from '../model/look.js'
import type { CaptureOutcome } from '../model/outcome.js'
import type { SourceExcerpt } from '../model/source-excerpt.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Verdict } from '../model/verdict.js'
import { printableJson } from '../model/printable.js'
import { readEnvironment } from '../platform/procfs/process.js'
import type { Redactor } from '../redact/redactor.js'
import { type ExcerptOptions, excerptsOf } from './source-excerpts.js'

/** The part of a bundle's writer that captures need. `null` where nothing is stored (`dump` without `--out`). */
export interface ArtifactStore {
  addArtifact(
    name: string,
    data: string | Uint8Array,
    source: { readonly engine: string; readonly tookMs?: number; readonly pausedMs?: number },
  ): { readonly status: 'written' } | { readonly status: 'missing'; readonly missing: MissingArtifact }
  missing(name: string, error: StallError): void
}

/** A look's part, raw: what is there if the process ends before all parts are joined. */
export function storeOutcome(
  store: ArtifactStore | null,
  look: number,
  part: LookPart,
  outcome: CaptureOutcome<unknown>,
  engine: string,
): void {
  storeCapture(store, { name: `look-${look}-${part}.json`, engine }, outcome)
}

export interface ArtifactOf<E> {
  readonly name: string
  readonly engine: string | ((evidence: E) => string)
  /** JSON of the whole evidence unless told otherwise. */
  readonly content?: (evidence: E) => string
}

/** What one capture brought, or why it brought nothing. */
export function storeCapture<E>(
  store: ArtifactStore | null,
  artifact: ArtifactOf<E>,
  outcome: CaptureOutcome<E>,
): void {
  if (store === null) return
  if (outcome.status !== 'captured') {
    store.missing(artifact.name, errorOf(outcome))
    return
  }
  const { evidence, tookMs, pausedMs } = outcome
  const engine = typeof artifact.engine === 'string' ? artifact.engine : artifact.engine(evidence)
  store.addArtifact(artifact.name, (artifact.content ?? toJson)(evidence), {
    engine,
    tookMs: Math.round(tookMs),
    pausedMs: Math.round(pausedMs),
  })
}

/** The lists that verdicts point into, and the whole evidence for tools that read a bundle. */
export function storeEvidence(store: ArtifactStore | null, evidence: Evidence): void {
  if (store === null) return
  const last = evidence.looks.at(-1)
  const source = { engine: 'joined' }
  const lists = {
    'threads.json': last?.threads,
    'awaits.json': last?.awaits?.awaits,
    'await-roots.json': last?.awaits?.roots,
    'sockets.json': last?.kernel?.sockets,
    'clocks.json': last?.clocks,
  }
  for (const [name, list] of Object.entries(lists)) {
    if (list !== null && list !== undefined) store.addArtifact(name, toJson(list), source)
  }
  store.addArtifact('evidence.json', toJson(evidence), source)
}

/** Best effort: a report without lines of source is a report all the same. */
export function storeSources(
  store: ArtifactStore | null,
  evidence: Evidence,
  verdicts: readonly Verdict[],
  options: ExcerptOptions,
): readonly SourceExcerpt[] {
  if (store === null) return []
  try {
    const sources = excerptsOf(evidence, verdicts, options)
    if (sources.excerpts.length > 0) store.addArtifact(SOURCES_FILE, toJson(sources), { engine: 'files' })
    return sources.excerpts
  } catch (thrown) {
    store.missing(SOURCES_FILE, toStallError(thrown, 'ERR_STALL_CAPTURE_FAILED'))
    return []
  }
}

/**
 * The environment that the process was started with, without its secrets. Asked for late: the kernel takes the
 * process's mmap lock for it, which may be held by what is stuck.
 */
export function storeEnvironment(store: ArtifactStore | null, root: string | null, redactor: Redactor): void {
  if (store === null || root === null) return
  try {
    const environment = redactor.environment(readEnvironment(root))
    const sorted = Object.fromEntries(Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1)))
    store.addArtifact(ENVIRONMENT_ARTIFACT, toJson(sorted), { engine: 'procfs' })
  } catch (thrown) {
    store.missing(ENVIRONMENT_ARTIFACT, toStallError(thrown, 'ERR_STALL_CAPTURE_FAILED'))
  }
}

const ENVIRONMENT_ARTIFACT = 'environment.json'

export function errorOf(outcome: Exclude<CaptureOutcome<unknown>, { status: 'captured' }>): StallError {
  if (outcome.status === 'unavailable') return outcome.error
  return new StallError('ERR_STALL_TIMEOUT', `gave up after ${Math.round(outcome.elapsedMs)} ms`)
}

export function toJson(value: unknown): string {
  return `${printableJson(JSON.stringify(value, null, 1))}\n`
}
