/** Work of libuv's pool that is no file and no look-up: CompressionStream, PBKDF2Job and the like. */
import type { Family } from './family.js'

export const poolJobs: Family = {
  nativeKind: 'pool-request',
  natives: ['Zlib'],
  nativeLike: /Job|Zlib|Brotli|Zstd|Compress|Stream|Cipher|Hash|Sign/,
  describe: () => null,
}
