/**
 * What is whole of a bundle, also where its manifest is not: the files whose sums are right, and the verdict, made again
 * from the evidence that the capture had stored.
 */
import { diagnose } from '../diagnose/diagnose.js'
import { isArtifactName } from '../incident/bundle-format.js'
import {
  type Bundle,
  describeFile,
  idOfFolder,
  listBundleFiles,
  readBundle,
  verifyBundle,
} from '../incident/bundle-reader.js'
import { assembleManifest } from '../incident/partial-manifest.js'
import type { Evidence } from '../model/evidence.js'
import type { ArtifactRecord } from '../model/incident.js'
import { StallError, toStallError } from '../model/stall-error.js'
import type { Verdict } from '../model/verdict.js'
import { wasCutOff } from './looks-on-disk.js'
import { readIncident } from './read-incident.js'

export interface RecoveredBundle {
  readonly bundle: Bundle
  /** What is wrong with the manifest; null when it could be read. */
  readonly fault: StallError | null
}

/** Throws ERR_STALL_BUNDLE_NOT_FOUND, ERR_STALL_PERMISSION, or ERR_STALL_BUNDLE_CORRUPT where nothing is whole. */
export function recoverBundle(folder: string): RecoveredBundle {
  try {
    return { bundle: withVerdicts(readBundle(folder)), fault: null }
  } catch (thrown) {
    const fault = toStallError(thrown)
    const id = idOfFolder(folder)
    if (fault.code !== 'ERR_STALL_BUNDLE_CORRUPT' || id === null) throw fault
    const artifacts = wholeFiles(folder)
    if (artifacts.length === 0) throw fault
    return { bundle: assemble(folder, id, artifacts, fault), fault }
  }
}

/**
 * Of a capture that was cut off, made from what it had written. What it did not come to might have spoken against it, so
 * nothing is claimed for certain.
 */
export function withVerdicts(bundle: Bundle): Bundle {
  const { manifest } = bundle
  const evidence = wasCutOff(bundle) ? readIncident(bundle).evidence : null
  const verdicts = evidence === null ? [] : verdictsOf(evidence)
  if (verdicts[0] === undefined || saysNothing(verdicts[0])) return bundle
  return {
    ...bundle,
    manifest: {
      ...manifest,
      verdicts: verdicts.map((each) => (each.confidence === 'high' ? { ...each, confidence: 'medium' } : each)),
      missing: manifest.missing.filter(({ name }) => name !== 'verdict'),
      notes: [
        ...(manifest.notes ?? []),
        'The verdict was made now, from what the capture had written before it ended.',
      ],
    },
  }
}

/** What a whole capture may say for want of more. Of half a one it would be a guess, with advice about a process that is gone. */
function saysNothing({ kind, cause, where }: Verdict): boolean {
  return kind === 'idle' || kind === 'beating' || kind === 'unknown' || (cause === 'unknown' && where === null)
}

function wholeFiles(folder: string): ArtifactRecord[] {
  const damaged = new Set(verifyBundle(folder).problems.map((problem) => problem.artifact))
  const whole = listBundleFiles(folder).filter((file) => isArtifactName(file) && !damaged.has(file))
  return whole.flatMap((file) => {
    try {
      return [describeFile(folder, file)]
    } catch {
      // A link, a pipe, or gone: not whole.
      return []
    }
  })
}

function assemble(folder: string, id: string, artifacts: readonly ArtifactRecord[], fault: StallError): Bundle {
  const base = assembleManifest(id, null, artifacts)
  const missing = [{ name: 'incident.json', code: fault.code, message: fault.message, help: fault.help }]
  const notes = ['The manifest is damaged: this is what the other files say.']
  const manifest = { ...base, missing, notes }
  const bundle: Bundle = { id, path: folder, state: 'partial', manifest, writer: null }
  const { evidence } = readIncident(bundle)
  if (evidence === null) return bundle
  const { process, stall, cost } = evidence
  const clocks = evidence.looks.at(-1)?.clocks ?? stall?.clocks ?? []
  return { ...bundle, manifest: { ...manifest, process, stall, cost, clocks, verdicts: verdictsOf(evidence) } }
}

function verdictsOf(evidence: Evidence): readonly Verdict[] {
  try {
    return diagnose(evidence)
  } catch {
    // Evidence that is damaged as well: its files are what there is.
    return []
  }
}
