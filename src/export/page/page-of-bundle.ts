/** The page of a bundle on disk, with its profile where it has one. */
import type { Bundle } from '../../incident/bundle-reader.js'
import { readIncident, readProfile } from '../read-incident.js'
import { renderReportPage } from './report-page.js'

/** @throws StallError ERR_STALL_BUNDLE_CORRUPT */
export function pageOf(bundle: Bundle): string {
  return renderReportPage(readIncident(bundle), { profile: readProfile(bundle) })
}
