/** Names inside and around a bundle. `docs/bundle-format.md` describes the format for people and other tools. */
import type { ProcessIdentity } from '../model/process-identity.js'
import type { Stall } from '../model/stall.js'

export const MANIFEST_FILE = 'incident.json'
/** In the format of `sha256sum -c`; covers the manifest too. */
export const SUMS_FILE = 'SHA256SUMS'
/** What was known when the capture began: names the process should the bundle never be sealed. Gone once it is. */
export const OPENED_FILE = 'opened.json'
/** The incident as text for people: what `cat` shows without this tool. */
export const REPORT_FILE = 'report.md'
/** Lines of the program's source around the places that matter (`SourceExcerpts`). */
export const SOURCES_FILE = 'sources.json'
/** Only in an archive that `pack` made: what it is and what was taken out. */
export const PACKED_FILE = 'PACKED.txt'
/** Disk blocks kept for the manifest, so that a bundle can still be sealed on a full disk. Gone once it is. */
export const RESERVE_FILE = '.reserve'
/** Ending of a file while it is being written. */
export const WRITING_SUFFIX = '.writing'
/** Ending of a folder that is not sealed yet. */
export const PARTIAL_SUFFIX = '.partial'
/** Ending of a folder that is being removed. */
export const DELETING_SUFFIX = '.deleting'

export const FOLDER_MODE = 0o700
export const FILE_MODE = 0o600

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/
// Letters, digits, dot, dash, underscore: the name goes into paths, JSON Pointers and checksum files.
const ARTIFACT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/
const OWN_FILES: readonly string[] = [MANIFEST_FILE, SUMS_FILE, OPENED_FILE, PACKED_FILE]

export function isIncidentId(text: string): boolean {
  return ULID.test(text)
}

export function isArtifactName(name: string): boolean {
  return ARTIFACT_NAME.test(name) && !OWN_FILES.includes(name) && !name.endsWith(WRITING_SUFFIX)
}

export type FolderState = 'sealed' | 'partial' | 'deleting'

/** What a folder's name says; null for folders that are none of ours. */
export function parseFolderName(name: string): { readonly id: string; readonly state: FolderState } | null {
  const id = name.slice(0, 26)
  if (!isIncidentId(id)) return null
  switch (name.slice(26)) {
    case '':
      return { id, state: 'sealed' }
    case PARTIAL_SUFFIX:
      return { id, state: 'partial' }
    case DELETING_SUFFIX:
      return { id, state: 'deleting' }
    default:
      return null
  }
}

export interface BundleWriterIdentity {
  readonly pid: number
  readonly startTicks: number | null
  /** Where that pid means something: `pid:[4026531836]`. */
  readonly pidNamespace?: string | null
}

/** Content of `opened.json`. */
export interface OpenedRecord {
  readonly schema: number
  readonly id: string
  readonly createdAt: string
  /** The process that writes the bundle: whether it lives tells a capture under way from one that was cut off. */
  readonly writer: BundleWriterIdentity
  readonly process: ProcessIdentity
  readonly stall: Stall | null
}
