const zlib = require('node:zlib')

function w_archive(bytes) {
  return zlib.brotliCompressSync(bytes, { // @here
    params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11, [zlib.constants.BROTLI_PARAM_LGWIN]: 24 },
  })
}

async function w_execute(task) {
  if (!task.wedge) return
  // Bytes that do not repeat: of a short period, newer versions of brotli are done in seconds.
  const bytes = Buffer.alloc(30_000_000)
  for (let i = 0, seed = 7; i < bytes.length; i += 3) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    bytes[i] = (seed >>> 20) & 0x7f
    if (i % 3_000_000 === 0) await task.prepares()
  }
  task.wedging()
  return w_archive(bytes)
}
module.exports = { execute: w_execute }
