/**
 * The folder of a bundle that is being written, held open together with the one above it: whoever may write that one
 * can rename the bundle or put a link in its place, and still nothing of it goes anywhere else.
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { IncidentManifest } from '../model/incident.js'
import { StallError } from '../model/stall-error.js'
import { type FolderHandle, openFolder } from '../platform/files/folder-handle.js'
import { removeFolder } from '../platform/files/remove-folder.js'
import { FOLDER_MODE, PARTIAL_SUFFIX } from './bundle-format.js'
import { toDiskError } from './disk-error.js'
import { syncFolder } from './durable-file.js'
import { sealFolder } from './seal-folder.js'

export class BundleFolder {
  readonly #directory: string
  readonly #id: string
  readonly #parent: FolderHandle
  readonly #folder: FolderHandle

  /** Makes `ID.partial` in `directory`. Throws system errors and ERR_STALL_DIR_UNWRITABLE; nothing is left then. */
  constructor(directory: string, id: string) {
    this.#directory = directory
    this.#id = id
    this.#parent = openFolder(directory, { followLink: true })
    try {
      const partial = path.join(this.#parent.inside, id + PARTIAL_SUFFIX)
      mkdirSync(partial, { mode: FOLDER_MODE })
      this.#folder = openFolder(partial)
      if (!isOurs(this.#folder)) {
        this.#folder.dispose()
        throw new StallError('ERR_STALL_DIR_UNWRITABLE', `${this.path} was replaced by another user`)
      }
    } catch (thrown) {
      this.#parent.dispose()
      throw thrown
    }
  }

  /** For people and other processes; files are written under `inside`. */
  get path(): string {
    return path.join(this.#directory, this.#id + PARTIAL_SUFFIX)
  }

  get inside(): string {
    return this.#folder.inside
  }

  syncParent(): void {
    syncFolder(this.#parent.inside)
  }

  /** @returns where the sealed bundle is. Throws as `sealFolder`. */
  seal(manifest: IncidentManifest): string {
    const partial = path.join(this.#parent.inside, this.#id + PARTIAL_SUFFIX)
    sealFolder(partial, path.join(this.#parent.inside, this.#id), manifest, this.#folder)
    return path.join(this.#directory, this.#id)
  }

  /** An error with the names that people know. */
  explain(thrown: unknown): StallError {
    const { code, message, help, cause } = toDiskError(thrown, this.path)
    const named = message.replaceAll(this.#folder.inside, this.path).replaceAll(this.#parent.inside, this.#directory)
    return new StallError(code, named, { help, cause })
  }

  /** Takes it away again; what can't be taken away stays. */
  discard(): void {
    try {
      if (this.#folder.isAt(path.join(this.#parent.inside, this.#id + PARTIAL_SUFFIX))) {
        removeFolder(path.join(this.#parent.inside, this.#id + PARTIAL_SUFFIX))
      }
    } catch {
      // The disk that failed before: what is left of it is empty, and said to have been no bundle.
    }
    this.dispose()
  }

  dispose(): void {
    this.#folder.dispose()
    this.#parent.dispose()
  }
}

/** Between making and opening it somebody may have put a folder of their own there. */
function isOurs({ uid, mode }: FolderHandle): boolean {
  return process.platform === 'win32' || (uid === process.geteuid?.() && (mode & 0o022) === 0)
}
