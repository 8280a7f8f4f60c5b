/** The GNU build id: the one name of a binary that survives copying, renaming and stripping. */
import type { ByteSource } from './byte-source.js'

const NT_GNU_BUILD_ID = 3
const MAX_NOTE_BYTES = 1 << 16

export function readBuildId(
  source: ByteSource,
  segments: readonly { readonly fileOffset: number; readonly fileBytes: number }[],
): string | null {
  for (const segment of segments) {
    const bytes = source.read(segment.fileOffset, Math.min(segment.fileBytes, MAX_NOTE_BYTES))
    const id = buildIdIn(bytes)
    if (id) return id
  }
  return null
}

function buildIdIn(bytes: Uint8Array): string | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (at + 12 <= bytes.length) {
    const nameBytes = view.getUint32(at, true)
    const idBytes = view.getUint32(at + 4, true)
    const type = view.getUint32(at + 8, true)
    const name = at + 12
    const id = name + Math.ceil(nameBytes / 4) * 4
    if (id + idBytes > bytes.length) return null
    const isGnu = nameBytes === 4 && view.getUint32(name, false) === 0x474e5500
    if (type === NT_GNU_BUILD_ID && isGnu && idBytes >= 4 && idBytes <= 64) {
      return Buffer.from(bytes.subarray(id, id + idBytes)).toString('hex')
    }
    at = id + Math.ceil(idBytes / 4) * 4
  }
  return null
}
