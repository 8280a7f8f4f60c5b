/** A bundle made ready for sending: packed with its checksums compared, its report beside it, its letter on demand. */
import { createHash } from 'node:crypto'
import path from 'node:path'
import { packBundle } from '../../export/pack-bundle.js'
import { pageOf } from '../../export/page/page-of-bundle.js'
import { readIncident } from '../../export/read-incident.js'
import { withVerdicts } from '../../export/recover-bundle.js'
import { REPORT_FILE } from '../../incident/bundle-format.js'
import { type Bundle, readArtifact, readBundle } from '../../incident/bundle-reader.js'
import type { IncidentManifest } from '../../model/incident.js'
import { toStallError } from '../../model/stall-error.js'
import { createRedactor } from '../../redact/redactor.js'
import { type Letter, type StoreLink, writeLetter } from '../../report/letter/letter.js'
import { renderMarkdown } from '../../report/markdown/render-markdown.js'
import type { ParcelFile } from '../contract/parcel-file.js'
import type { StuckWork } from '../contract/stuck-work.js'
import { stuckWorkOf } from './stuck-tasks.js'

export interface PreparedBundle {
  readonly manifest: IncidentManifest
  /** `service on host`. */
  readonly place: string
  readonly archive: ParcelFile
  readonly reports: readonly ParcelFile[]
  readonly stuck: StuckWork | null
  letter(options: LetterWishes): Letter
}

const MARKDOWN = 'text/markdown; charset=utf-8'
/** As an incident's page is called where it is sent. */
export const PAGE_FILE = 'report.html'
const PAGE = 'text/html; charset=utf-8'

export interface LetterWishes {
  readonly links: readonly StoreLink[]
  readonly attached: boolean
  readonly count: number
  readonly places: readonly string[]
  readonly marks: readonly string[]
  readonly closed: { readonly ref: string; readonly url: string | null } | null
}

/** Throws ERR_STALL_BUNDLE_NOT_FOUND, _CORRUPT or _UNSEALED. */
export async function prepareBundle(folder: string): Promise<PreparedBundle> {
  const bundle = withVerdicts(readBundle(folder))
  const packed = await packBundle(folder)
  const chunks: Buffer[] = []
  for await (const chunk of packed.stream) chunks.push(chunk as Buffer)
  const archive = fileOf(packed.name, 'application/gzip', Buffer.concat(chunks))
  const incident = readIncident(bundle)
  const redactor = createRedactor()
  const { process } = bundle.manifest
  // Named after the incident: the ticket of one cause gets one of each for every incident.
  const report = reportOf(bundle, () => renderMarkdown(incident))
  const page = pageOrNull(bundle)
  const reports = [
    fileOf(`${bundle.id}.${REPORT_FILE}`, MARKDOWN, report),
    ...(page === null ? [] : [fileOf(`${bundle.id}.${PAGE_FILE}`, PAGE, Buffer.from(page))]),
  ]
  return {
    manifest: bundle.manifest,
    place: redactor.text(`${process.service ?? 'a worker'} on ${process.hostname}`),
    archive,
    reports,
    stuck: stuckWorkOf(incident, path.dirname(folder), (text) => redactor.text(text)),
    letter: ({ closed, ...wishes }) =>
      writeLetter(incident, {
        ...wishes,
        ...(closed === null ? {} : { closed }),
        archive: { name: archive.name, sizeBytes: archive.bytes.length, sha256: archive.sha256 },
        reports: reports.map(({ name }) => name),
        folder,
        redact: (text, code = false) => redactor.text(text, { code }),
      }),
  }
}

/** The page is a convenience: evidence that can't be drawn must not keep the rest from being delivered. */
function pageOrNull(bundle: Bundle): string | null {
  try {
    return pageOf(bundle)
  } catch (thrown) {
    // A damaged bundle is no evidence at all.
    if (toStallError(thrown).code === 'ERR_STALL_BUNDLE_CORRUPT') throw thrown
    return null
  }
}

/** As it was written when the bundle was sealed; made now for one that has none. */
function reportOf(bundle: Bundle, render: () => string): Buffer {
  const isThere = bundle.manifest.artifacts.some(({ name }) => name === REPORT_FILE)
  return isThere ? readArtifact(bundle, REPORT_FILE) : Buffer.from(render())
}

function fileOf(name: string, contentType: string, bytes: Buffer): ParcelFile {
  return { name, contentType, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}
