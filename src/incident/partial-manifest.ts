/** A manifest for a bundle that was never sealed: what was known when its capture began, and the files it left. */
import { INCIDENT_SCHEMA, type ArtifactRecord, type IncidentManifest } from '../model/incident.js'
import type { ProcessIdentity } from '../model/process-identity.js'
import { VERSION } from '../model/version.js'
import { decodeTime } from 'ulid'
import type { OpenedRecord } from './bundle-format.js'

const UNKNOWN_PROCESS: ProcessIdentity = {
  pid: 0,
  startTime: '',
  startTicks: null,
  node: null,
  v8: null,
  arch: '',
  platform: '',
  executable: null,
  argv: [],
  cwd: null,
  agent: false,
  service: null,
  version: null,
  commit: null,
  hostname: '',
}

export function assembleManifest(
  id: string,
  opened: OpenedRecord | null,
  artifacts: readonly ArtifactRecord[],
): IncidentManifest {
  const createdAt = opened?.createdAt ?? new Date(decodeTime(id)).toISOString()
  return {
    schema: INCIDENT_SCHEMA,
    id,
    createdAt,
    sealedAt: '',
    process: opened?.process ?? UNKNOWN_PROCESS,
    stall: opened?.stall ?? null,
    verdicts: [],
    clocks: opened?.stall?.clocks ?? [],
    artifacts,
    missing: [
      {
        name: 'verdict',
        code: 'ERR_STALL_BUNDLE_UNSEALED',
        message: 'the capture has not ended, or was cut off before it could say why the process stalled',
        help: 'What it had written by then is listed under artifacts.',
      },
    ],
    // Not known, and 0 would be read as "measured: none"; the note says so.
    cost: { pausedMs: 0, cpuMs: 0, wallMs: 0, memoryBytes: 0, endedOnAttach: false },
    redacted: {},
    tool: { name: 'conductor-stall-agent', version: VERSION },
    fingerprint: null,
    notes: ['Not sealed: what the capture cost is not known.'],
  }
}
