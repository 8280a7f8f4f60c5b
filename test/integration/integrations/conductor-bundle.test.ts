import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { startConductorServer } from '../../support/conductor-server.js'
import { NODES } from '../../support/nodes.js'
import { SDK_FOLDER, SdkWorker } from '../../support/sdk-worker.js'

const NAME = 'conductor:demo (polls on the wire only)'

/** The SDK as part of the application's own file, where nothing says what it is. */
function bundle(): { folder: string; file: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'stall-bundle-'))
  const sdk = path.join(SDK_FOLDER, 'node_modules/@io-orkes/conductor-javascript/dist/index.mjs')
  copyFileSync(sdk, path.join(folder, 'bundle.mjs'))
  const runWorker = pathToFileURL(path.join(SDK_FOLDER, '../run-worker.cjs')).href
  const file = path.join(folder, 'main.mjs')
  writeFileSync(
    file,
    `import * as sdk from './bundle.mjs'\nimport worker from '${runWorker}'\nawait worker.runWorker(sdk)\n`,
  )
  return { folder, file }
}

describe.concurrent.each(NODES)('Node $major', (node) => {
  test('watches the polls on the wire, and expects nothing between them', async ({ onTestFinished }) => {
    const server = await startConductorServer({ mode: 'ok' })
    onTestFinished(() => server.stop())
    const { folder, file } = bundle()
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const worker = new SdkWorker(node, { kind: 'mjs', url: server.url, file, env: { EXECUTE: 'never' } })
    onTestFinished(() => worker.end())
    await worker.until('polls', () => (worker.clock(NAME)?.beats ?? 0) > 3)
    expect(worker.last?.node).toBe(node.version)
    expect(worker.clock(NAME)).toMatchObject({ failuresInRow: 0, slots: null, ended: false })
    // Not meant to run for ever, since nobody can tell when it was stopped.
    expect(worker.last?.unfinished).toEqual([])

    // All slots full, hence no polls: that silence says nothing.
    await server.enqueue('demo')
    const before = worker.lines.length
    await worker.until('no further poll', () => {
      const recent = worker.lines.slice(Math.max(before, worker.lines.length - 20))
      return recent.length === 20 && recent.every((line) => line.clocks[0]?.beats === worker.clock(NAME)?.beats)
    })
    expect(worker.clock(NAME)).toMatchObject({ paused: true, inFlightMs: null })
    expect(worker.last?.hookFailures).toBeNull()
    expect(worker.errors).toBe('')
  })

  test('sees a poll on the wire that is never answered', async ({ onTestFinished }) => {
    const server = await startConductorServer({ mode: 'body-hang' })
    onTestFinished(() => server.stop())
    const { folder, file } = bundle()
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const worker = new SdkWorker(node, { kind: 'mjs', url: server.url, file })
    onTestFinished(() => worker.end())
    await worker.until('in flight', () => (worker.clock(NAME)?.inFlightMs ?? 0) > 300)
    expect(worker.clock(NAME)).toMatchObject({ paused: false, lastSuccessMs: null })
  })
})
