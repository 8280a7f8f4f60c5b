import path from 'node:path'
import { expect, test } from 'vitest'
import { originOf } from '../../../src/source/origin.js'

test.each([
  ['/srv/worker/src/invoice.js', 'user'],
  ['[eval]', 'user'],
  ['evalmachine.<anonymous>', 'user'],
  ['/srv/worker/node_modules/undici/lib/core/connect.js', 'dependency'],
  ['/srv/worker/.yarn/cache/undici-npm-7.0.0.zip/lib/index.js', 'dependency'],
  ['node:internal/process/task_queues', 'node'],
  ['/srv/worker/node_modules/conductor-stall-agent/dist/agent/main-thread/host.js', 'agent'],
  ['/srv/worker/node_modules/better-sqlite3/build/Release/better_sqlite3.node', 'native'],
  ['/usr/lib/libssl.so.3', 'native'],
  ['/srv/node_modules_backup/worker.js', 'user'],
  [null, 'unknown'],
] as const)('tells that %s is %s code', (file, origin) => {
  expect(originOf(file)).toBe(origin)
})

test('knows its own code by the folder that it runs from', () => {
  expect(originOf(path.resolve(__dirname, '../../../src/agent/host.js'))).toBe('agent')
})
