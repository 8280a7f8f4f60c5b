const { MongoClient } = require('mongodb')
const { ports, mode, pause, poll } = require('./worker.cjs')

const port = mode === 'away' ? ports.closed : ports.mongo
const client = new MongoClient(`mongodb://127.0.0.1:${port}/shop?directConnection=true`, {
  maxPoolSize: 2,
  serverSelectionTimeoutMS: mode === 'away' ? 900_000 : 30_000,
})
const shop = client.db('shop')

async function nextParcel(collection) {
  const parcel = await shop.collection(collection).findOne({ state: 'new' })
  return parcel?.n
}

// Two look-ups that hang take both connections; whoever comes later waits for one of them.
async function sweepArchive() {
  await nextParcel('silent')
}

poll(async (n) => {
  if (mode === 'leak') {
    if (n === 2 || n === 3) void sweepArchive()
    return nextParcel('quick')
  }
  await nextParcel(mode)
  if (mode === 'idle') await pause(4_000)
})
