/** A bundle's parts for a report, read back; what is missing or damaged costs its section, no more. */
import { SOURCES_FILE } from '../incident/bundle-format.js'
import { type Bundle, readArtifact } from '../incident/bundle-reader.js'
import { isEvidence, isSources } from '../incident/evidence-shape.js'
import type { Evidence } from '../model/evidence.js'
import type { SourceExcerpts } from '../model/source-excerpt.js'
import type { ReportedIncident } from '../report/reported-incident.js'
import { evidenceFromLooks } from './looks-on-disk.js'

export function readIncident(bundle: Bundle): ReportedIncident {
  const sources = readPart<SourceExcerpts>(bundle, SOURCES_FILE, isSources)
  return {
    manifest: bundle.manifest,
    evidence: readPart<Evidence>(bundle, 'evidence.json', isEvidence) ?? evidenceFromLooks(bundle),
    excerpts: sources?.excerpts ?? [],
  }
}

// eslint-disable-next-line typescript/no-unnecessary-type-parameters -- the check says what it is, of a type that it does not know
function readPart<T>(bundle: Bundle, name: string, isValid: (value: unknown) => boolean): T | null {
  if (!bundle.manifest.artifacts.some((artifact) => artifact.name === name)) return null
  try {
    const value: unknown = JSON.parse(readArtifact(bundle, name).toString('utf8'))
    return isValid(value) ? (value as T) : null
  } catch {
    // Damaged: `verify` says so. Everything else of the bundle is still worth reading.
    return null
  }
}

/** The bundle's CPU profile as text; null where there is none that can be read. */
export function readProfile(bundle: Bundle): string | null {
  if (!bundle.manifest.artifacts.some((artifact) => artifact.name === PROFILE_FILE)) return null
  try {
    const text = readArtifact(bundle, PROFILE_FILE).toString('utf8')
    JSON.parse(text)
    return text
  } catch {
    // Damaged, as above.
    return null
  }
}

const PROFILE_FILE = 'cpu.cpuprofile'
