/** Seals, at the next boot, what a killed worker left unsealed: the evidence it had on disk is worth as much as ever. */
import path from 'node:path'
import type { IncidentManifest } from '../model/incident.js'
import { openFolder } from '../platform/files/folder-handle.js'
import type { OpenedRecord } from './bundle-format.js'
import { listBundles, type BundleEntry } from './bundle-list.js'
import { readBundle } from './bundle-reader.js'
import { isBeingWritten } from './retention.js'
import { sealFolder } from './seal-folder.js'

export interface LeftoverResult {
  readonly sealed: readonly BundleEntry[]
  /** What could not be sealed and why, one sentence each. */
  readonly failures: readonly string[]
}

/** Never throws. */
export function sealLeftovers(
  directory: string,
  isAlive: (writer: OpenedRecord['writer']) => boolean,
  now: () => number = Date.now,
): LeftoverResult {
  const sealed: BundleEntry[] = []
  const failures: string[] = []
  for (const entry of listBundles([directory])) {
    if (entry.state !== 'partial' || isBeingWritten(entry, isAlive, now())) continue
    try {
      const { manifest } = readBundle(entry.path)
      const final = path.join(directory, entry.id)
      const done = manifest.sealedAt === '' ? { ...manifest, sealedAt: new Date(now()).toISOString() } : manifest
      const notes = [...(done.notes ?? []), 'Sealed by a later process.']
      sealOurs(entry.path, final, { ...done, notes })
      sealed.push({ ...entry, path: final, state: 'sealed' })
    } catch (thrown) {
      failures.push(`${entry.path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    }
  }
  return { sealed, failures }
}

/** What another user left, or put there, is not vouched for by sealing it. */
function sealOurs(partial: string, final: string, manifest: IncidentManifest): void {
  const folder = openFolder(partial)
  try {
    if (folder.uid !== (process.geteuid?.() ?? folder.uid)) throw new Error('it belongs to another user')
    sealFolder(partial, final, manifest, folder)
  } finally {
    folder.dispose()
  }
}
