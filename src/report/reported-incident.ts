/** What a report is made from, whether the capture is still in memory or its bundle is read back. */
import type { Evidence } from '../model/evidence.js'
import type { IncidentManifest } from '../model/incident.js'
import type { SourceExcerpt } from '../model/source-excerpt.js'
import type { Verdict } from '../model/verdict.js'
import { waitText } from './wait/wait-text.js'

export interface ReportedIncident {
  readonly manifest: IncidentManifest
  /** Null where the bundle has none that can be read. */
  readonly evidence: Evidence | null
  readonly excerpts: readonly SourceExcerpt[]
}

const AWAIT_POINTER = /^(?:#\/awaits|awaits\.json#)\/(\d+)$/

/** What the await that a verdict points to waits for, as one line; null without one. */
export function waitOf(evidence: Evidence | null, verdict: Verdict): string | null {
  const index = verdict.evidence.map((each) => AWAIT_POINTER.exec(each)?.[1]).find(Boolean)
  if (index === undefined) return null
  const waits = evidence?.looks.at(-1)?.awaits?.awaits[Number(index)]?.waitsFor
  // Of a bundle that somebody changed it may be anything: the verdict's sentence has the same.
  return waits && typeof waits.summary === 'string' ? waitText(waits) : null
}
