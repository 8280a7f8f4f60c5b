const { S3Client, GetObjectCommand, HeadObjectCommand } = require('@aws-sdk/client-s3')
const { ports, mode, pause, poll } = require('./worker.cjs')

const endpoint = mode === 'away' ? `https://127.0.0.1:${ports.deaf}` : `http://127.0.0.1:${ports.http}`
const s3 = new S3Client({
  region: 'eu-north-1',
  endpoint,
  forcePathStyle: true,
  credentials: { accessKeyId: 'id', secretAccessKey: 'none' },
  requestHandler: { connectionTimeout: 0, httpAgent: { maxSockets: 2 }, httpsAgent: { maxSockets: 2 } },
})

async function readNote() {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'notes', Key: mode }))
  return Body.transformToString()
}

async function isThere(n) {
  const { ContentLength } = await s3.send(new GetObjectCommand({ Bucket: 'scans', Key: `large-${n}` }))
  return ContentLength > 0
}

poll(async (n) => {
  if (mode === 'leak') return isThere(n)
  if (mode === 'slow') await s3.send(new HeadObjectCommand({ Bucket: 'notes', Key: 'quick' }))
  await readNote()
  if (mode === 'idle') await pause(4_000)
})
