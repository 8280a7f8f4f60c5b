/** The last step of a bundle, also of one that a killed worker left: manifest, checksums, and the rename that seals. */
import { existsSync, renameSync } from 'node:fs'
import path from 'node:path'
import type { IncidentManifest } from '../model/incident.js'
import { printableJson } from '../model/printable.js'
import { MANIFEST_FILE, OPENED_FILE, RESERVE_FILE, SUMS_FILE } from './bundle-format.js'
import { toDiskError } from './disk-error.js'
import { syncFolder, unlinkQuietly, writeDurably } from './durable-file.js'

/** Manifest and checksums in, helpers out, then the rename. Throws system errors. */
export function sealFolder(partial: string, final: string, manifest: IncidentManifest): void {
  unlinkQuietly(path.join(partial, RESERVE_FILE))
  const own = writeDurably(partial, MANIFEST_FILE, `${printableJson(JSON.stringify(manifest, null, 2))}\n`)
  const sums = [...manifest.artifacts, { name: MANIFEST_FILE, sha256: own.sha256 }]
  try {
    writeDurably(partial, SUMS_FILE, sums.map((file) => `${file.sha256}  ${file.name}\n`).join(''))
  } catch (thrown) {
    // The manifest holds the artifacts' sums too: without room for this file the bundle still can be checked.
    if (toDiskError(thrown, partial).code !== 'ERR_STALL_DISK_FULL') throw thrown
  }
  unlinkQuietly(path.join(partial, OPENED_FILE))
  syncFolder(partial)
  renameUnlessDone(partial, final)
  syncFolder(path.dirname(final))
}

/** Another process may have sealed a leftover of the same content in between. */
function renameUnlessDone(partial: string, final: string): void {
  try {
    renameSync(partial, final)
  } catch (thrown) {
    if (!existsSync(path.join(final, MANIFEST_FILE))) throw thrown
  }
}
