/**
 * A copy of a bundle that somebody else wrote: only the files that its manifest lists, under their names, regular ones,
 * of the size and sum that it says, written anew with this process's owner and mode. Nothing else of it is taken over.
 */
import path from 'node:path'
import { existsSync } from 'node:fs'
import { StallError } from '../model/stall-error.js'
import { BundleFolder } from './bundle-folder.js'
import { type Bundle, streamArtifact } from './bundle-reader.js'
import { prepareDirectory, type DirectoryCandidate } from './directory.js'
import { createDurableFile } from './durable-file.js'

/**
 * @returns where the copy is: there whole or not at all
 * @throws ERR_STALL_BUNDLE_CORRUPT, ERR_STALL_DIR_UNWRITABLE, ERR_STALL_DISK_FULL
 */
export function copyBundle(bundle: Bundle, directory: DirectoryCandidate): string {
  prepareDirectory(directory)
  const final = path.join(directory.path, bundle.id)
  if (existsSync(final)) throw new StallError('ERR_STALL_DIR_UNWRITABLE', `${final} is there already`)
  const folder = new BundleFolder(directory.path, bundle.id)
  try {
    for (const record of bundle.manifest.artifacts) {
      const file = createDurableFile(folder.inside, record.name)
      try {
        streamArtifact(bundle, record, (chunk) => file.write(chunk))
      } catch (thrown) {
        file.abort()
        throw thrown
      }
      file.commit()
    }
    const sealed = folder.seal(bundle.manifest)
    folder.dispose()
    return sealed
  } catch (thrown) {
    const error = folder.explain(thrown)
    folder.discard()
    throw error
  }
}
