// A parser that hands out the parts of what it is given, and a caller that reads no part: it takes no more, and never ends.
const { Readable, Writable } = require('node:stream')
const { once } = require('node:events')

class Parcels extends Writable {
  part = null
  #next = null
  _write(chunk, encoding, done) {
    if (this.part === null) {
      this.part = new Readable({ read: () => this.#goOn() })
      this.emit('part', this.part)
    }
    if (this.part.push(chunk)) done()
    else this.#next = done
  }
  _final(done) {
    this.part?.push(null)
    done()
  }
  #goOn() {
    const next = this.#next
    this.#next = null
    next?.()
  }
}
const open = new Set()

async function w_receive(chunks, reads) {
  const parcels = new Parcels()
  open.add(parcels)
  if (reads) parcels.on('part', (part) => part.resume())
  Readable.from(chunks).pipe(parcels)
  await once(parcels, 'close') // @here
  open.delete(parcels)
}

async function w_execute(task) {
  if (task.wedge) task.wedging()
  const chunks = Array.from({ length: 40 }, () => Buffer.alloc(16_384, 1))
  await w_receive(chunks, !task.wedge)
}
module.exports = { execute: w_execute }
