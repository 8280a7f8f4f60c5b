/** Why an incident has no whole, sealed manifest, in a sentence. */
import type { IncidentManifest } from '../model/incident.js'

/** Its manifest could not be read, and this one was put together from the other files. */
export function isManifestDamaged({ sealedAt, missing }: IncidentManifest): boolean {
  return sealedAt === '' && missing.some(({ name }) => name === 'incident.json')
}

/** Null for a sealed one. */
export function unsealedText(manifest: IncidentManifest): string | null {
  if (manifest.sealedAt !== '') return null
  if (isManifestDamaged(manifest)) return 'The manifest is damaged: this is what the other files say.'
  return 'Not sealed: the capture has not ended, or was cut off.'
}
