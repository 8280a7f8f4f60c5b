import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { closeLoadGate, openLoadGate } from '../../../src/agent/shared/load-gate.js'
import { HEADER, HEADER_WORDS } from '../../../src/heartbeat/layout.js'
import { LoadingRefused, setLoadGate, whileLoading } from '../../../src/platform/native-calls.js'

const memory = (): { readonly buffer: SharedArrayBuffer; readonly header: Int32Array } => {
  const buffer = new SharedArrayBuffer(HEADER_WORDS * 4)
  return { buffer, header: new Int32Array(buffer) }
}

test('who would begin to load once the process ends is refused, and leaves no trace', () => {
  const { buffer, header } = memory()
  setLoadGate(openLoadGate(buffer))
  expect(whileLoading(() => header[HEADER.loading])).toBe(1)
  closeLoadGate(header)
  expect(() => whileLoading(() => 'loaded')).toThrow(LoadingRefused)
  expect(header[HEADER.loading]).toBe(0)
})

test('the end waits for another thread that is loading', async () => {
  const { buffer, header } = memory()
  header[HEADER.loading] = 1
  const code = `
    const { workerData: { buffer, at } } = require('node:worker_threads')
    const header = new Int32Array(buffer)
    while (Atomics.load(header, ${HEADER.ending}) === 0);
    Atomics.sub(header, at, 1)
    Atomics.notify(header, at)`
  const worker = new Worker(code, { eval: true, workerData: { buffer, at: HEADER.loading } })
  await new Promise((resolve) => worker.once('online', resolve))
  closeLoadGate(header)
  expect(header[HEADER.loading]).toBe(0)
})

test('and not for ever for one that hangs in it', () => {
  const { header } = memory()
  header[HEADER.loading] = 1
  closeLoadGate(header)
  expect([header[HEADER.loading], header[HEADER.ending]]).toEqual([1, 1])
})
