/** The bundle of an investigation, opened, filled and sealed in the same way inside a worker and outside of it. */
import { type BundleWriter, openBundle, type SealOutcome } from '../incident/bundle-writer.js'
import type { DirectoryCandidate } from '../incident/directory.js'
import type { ClockReading } from '../model/heartbeat.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import { StallError } from '../model/stall-error.js'
import type { Stall } from '../model/stall.js'
import { readStat } from '../platform/procfs/stat.js'
import type { ArtifactStore } from './artifacts.js'
import type { InvestigationResult } from './investigation.js'
import { reportOf } from './report-of.js'

export interface BundleRequest {
  readonly process: ProcessIdentity
  /** Null: a person asked. */
  readonly stall: Stall | null
  /** Where it may go, best first. */
  readonly directories: readonly DirectoryCandidate[]
  readonly maxBytes?: number
  /** What a reader is told to do about a part that is missing, where it differs from the error's own help. */
  readonly helped?: (error: StallError) => StallError
}

export interface IncidentBundle {
  readonly store: ArtifactStore
  /**
   * @param redacted counts of the redactor that everything in it went through
   * @param clocks where no look had them
   */
  seal(
    result: InvestigationResult,
    redacted: Readonly<Record<string, number>>,
    clocks?: readonly ClockReading[],
  ): SealOutcome
}

/** The error, which tells of each folder, when none takes a bundle. Never throws. */
export function openIncidentBundle(request: BundleRequest): IncidentBundle | StallError {
  const { process: identity, stall, directories, maxBytes, helped } = request
  const writer = openBundle({
    directories,
    writer: { pid: process.pid, startTicks: ownStartTicks() },
    process: identity,
    stall,
    ...(maxBytes === undefined ? {} : { maxBytes }),
  })
  if (writer instanceof StallError) return writer
  return {
    store: helped === undefined ? writer : helpedStore(writer, helped),
    seal: (result, redacted, clocks = []) =>
      writer.seal({
        process: identity,
        stall: stall ?? result.evidence.stall,
        verdicts: result.verdicts,
        clocks: result.evidence.looks.at(-1)?.clocks ?? clocks,
        cost: result.costNow(),
        redacted,
        report: reportOf(result),
      }),
  }
}

/** @throws StallError where it was not sealed: whoever asked for a bundle is to know. */
export function pathOfSealed(outcome: SealOutcome): string {
  if (outcome.status === 'unsealed') throw outcome.error
  return outcome.path
}

function helpedStore(writer: BundleWriter, helped: (error: StallError) => StallError): ArtifactStore {
  return {
    addArtifact: (name, data, source) => writer.addArtifact(name, data, source),
    missing: (name, error) => writer.missing(name, helped(error)),
  }
}

function ownStartTicks(): number | null {
  try {
    return readStat('/proc/self').startTicks
  } catch {
    // Without /proc nobody can tell two processes of one pid apart either.
    return null
  }
}
