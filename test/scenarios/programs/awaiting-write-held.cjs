// An import whose transform leaves one row out by an early return, and with it the callback. The file that it reads has long
// been read and closed, and tells its own end of it.
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { Transform, Writable } = require('node:stream')
const { pipeline } = require('node:stream/promises')

class w_Rows extends Transform {
  constructor(strict) {
    super()
    this.strict = strict
    this.seen = 0
  }
  _transform(chunk, encoding, done) {
    this.seen += 1
    if (this.strict && this.seen > 1) return
    done(null, chunk)
  }
}

class w_Table extends Writable {
  _write(chunk, encoding, done) {
    setTimeout(done, 5)
  }
}

/** For whoever asks how far it is. */
const current = { table: null }

const file = path.join(os.tmpdir(), `rows-${process.pid}.txt`)
fs.writeFileSync(file, 'row\n'.repeat(2_000))
process.on('exit', () => fs.rmSync(file, { force: true }))

async function w_importRows(strict) {
  const source = fs.createReadStream(file, { highWaterMark: 4_096 })
  current.table = new w_Table()
  await pipeline(source, new w_Rows(strict), current.table) // @here
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  await w_importRows(task.wedge)
}
module.exports = { execute: w_execute, current }
