const mongoose = require('mongoose')
const { ports, mode, pause, poll } = require('./worker.cjs')

const Entry = mongoose.model(
  'Entry',
  new mongoose.Schema({ n: Number }, { collection: mode === 'leak' ? 'quick' : mode }),
)
const Slow = mongoose.model('Slow', new mongoose.Schema({ n: Number }, { collection: 'silent' }))
mongoose.set('bufferTimeoutMS', 900_000)
const options = { maxPoolSize: 1, directConnection: true }
// In `away` nobody connects: the service was started without its settings.
if (mode !== 'away') void mongoose.connect(`mongodb://127.0.0.1:${ports.mongo}/shop`, options)

async function readEntry() {
  const entry = await Entry.findOne({ n: 1 }).lean()
  return entry?.n
}

async function report() {
  const rows = await Slow.findOne({ n: 2 }).lean()
  return rows?.n
}

poll(async (n) => {
  if (mode === 'leak' && n === 3) void report()
  await readEntry()
  if (mode === 'idle') await pause(4_000)
})
