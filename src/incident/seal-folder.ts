/** The last step of a bundle, also of one that a killed worker left: manifest, checksums, and the rename that seals. */
import { existsSync, renameSync } from 'node:fs'
import path from 'node:path'
import type { IncidentManifest } from '../model/incident.js'
import { StallError } from '../model/stall-error.js'
import type { FolderHandle } from '../platform/files/folder-handle.js'
import { printableJson } from '../model/printable.js'
import { MANIFEST_FILE, OPENED_FILE, RESERVE_FILE, SUMS_FILE } from './bundle-format.js'
import { toDiskError } from './disk-error.js'
import { syncFolder, unlinkQuietly, writeDurably } from './durable-file.js'

/**
 * Manifest and checksums in, helpers out, then the rename. Throws system errors, and ERR_STALL_DIR_UNWRITABLE where
 * something else stands in the folder's place by now.
 */
export function sealFolder(partial: string, final: string, manifest: IncidentManifest, folder: FolderHandle): void {
  const { inside } = folder
  unlinkQuietly(path.join(inside, RESERVE_FILE))
  const own = writeDurably(inside, MANIFEST_FILE, `${printableJson(JSON.stringify(manifest, null, 2))}\n`)
  const sums = [...manifest.artifacts, { name: MANIFEST_FILE, sha256: own.sha256 }]
  try {
    writeDurably(inside, SUMS_FILE, sums.map((file) => `${file.sha256}  ${file.name}\n`).join(''))
  } catch (thrown) {
    // The manifest holds the artifacts' sums too: without room for this file the bundle still can be checked.
    if (toDiskError(thrown, partial).code !== 'ERR_STALL_DISK_FULL') throw thrown
  }
  unlinkQuietly(path.join(inside, OPENED_FILE))
  syncFolder(inside)
  if (!folder.isAt(partial) && !existsSync(path.join(final, MANIFEST_FILE))) throw replaced(partial)
  renameUnlessDone(partial, final)
  if (!folder.isAt(final) && !existsSync(path.join(final, MANIFEST_FILE))) throw replaced(final)
  syncFolder(path.dirname(final))
}

/** Whoever may write the folder above did it: nothing was written into what stands there now. */
function replaced(folder: string): StallError {
  return new StallError('ERR_STALL_DIR_UNWRITABLE', `${folder} was replaced by something else while it was written`, {
    help: 'Name a folder that no other user can write.',
  })
}

/** Another process may have sealed a leftover of the same content in between. */
function renameUnlessDone(partial: string, final: string): void {
  try {
    renameSync(partial, final)
  } catch (thrown) {
    if (!existsSync(path.join(final, MANIFEST_FILE))) throw thrown
  }
}
