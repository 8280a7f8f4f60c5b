/** The text of `report.md`, made at sealing time from what the capture still has in memory. */
import type { IncidentManifest } from '../model/incident.js'
import { renderMarkdown } from '../report/markdown/render-markdown.js'
import type { InvestigationResult } from './investigation.js'

export function reportOf({ evidence, excerpts }: InvestigationResult): (manifest: IncidentManifest) => string {
  return (manifest) => renderMarkdown({ manifest, evidence, excerpts })
}
