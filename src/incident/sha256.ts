/** SHA-256. node:crypto takes 3 to 12 ms to load: only for who has something to hash. */
import type { Hash } from 'node:crypto'

export function createSha256(): Hash {
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256')
}
