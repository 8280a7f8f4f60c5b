/** One artifact on its way into a bundle: pieces in, a whole file or the reason why there is none out. Never throws. */
import { StallError, toStallError } from '../model/stall-error.js'
import { createDurableFile, type DurableFile } from './durable-file.js'

export interface StoredFile {
  readonly sizeBytes: number
  readonly sha256: string
}

export interface ArtifactPieces {
  /** False once it failed; `end` then says why. */
  write(chunk: string | Uint8Array): boolean
  end(): StoredFile | StallError
}

export interface ArtifactPlace {
  readonly folder: string
  readonly name: string
  /** Throws where the bundle takes none of this name, or none any more. */
  readonly check: () => void
  /** Throws where so many bytes of this artifact are too many. */
  readonly admit: (bytes: number) => void
}

export function openArtifactPieces({ folder, name, check, admit }: ArtifactPlace): ArtifactPieces {
  let failure: StallError | null = null
  let written = 0
  let file: DurableFile | null = null
  const attempt = <T>(act: () => T): T | null => {
    if (failure !== null) return null
    try {
      return act()
    } catch (thrown) {
      failure = toStallError(thrown, 'ERR_STALL_DIR_UNWRITABLE')
      file?.abort()
      return null
    }
  }
  attempt(() => {
    check()
    file = createDurableFile(folder, name)
  })
  return {
    write(chunk) {
      attempt(() => {
        written += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length
        admit(written)
        file?.write(chunk)
      })
      return failure === null
    },
    end() {
      return attempt(() => file?.commit() ?? null) ?? failure ?? new StallError('ERR_STALL_INTERNAL', name)
    },
  }
}
