/** Captures that were cut off at some file: what is said of them, made from the looks that they had written. */
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { recoverBundle } from '../../../src/export/recover-bundle.js'
import { sealLeftovers } from '../../../src/incident/leftovers.js'
import type { IncidentManifest } from '../../../src/model/incident.js'
import { temporaryFolder } from '../../support/incidents.js'

const FIXTURES = path.resolve(__dirname, '../../fixtures/bundles/schema-1')
const COMPUTES = '01M8JH55NN062BZW8EHF3NTXWM'
const WAITS = '01M8JH5KFWYRCX7VMKB7VC45SP'
const LOCKED = '01M8JH5S15TMGESAXJH7D2SKJD'

let temporary: { readonly path: string; remove(): void }
beforeEach(() => {
  temporary = temporaryFolder('cut-off')
})
afterEach(() => {
  temporary.remove()
})

/** A recorded bundle as it was while its capture wrote; `keep` says which of its files were there by then. */
function cutOff(
  id: string,
  keep: (file: string) => boolean,
): { readonly folder: string; readonly whole: IncidentManifest } {
  const folder = path.join(temporary.path, `${id}.partial`)
  cpSync(path.join(FIXTURES, id), folder, { recursive: true })
  const whole = JSON.parse(readFileSync(path.join(folder, 'incident.json'), 'utf8')) as IncidentManifest
  for (const file of readdirSync(folder)) {
    const isLook = /^look-\d-|^samples/.test(file)
    if (!isLook || !keep(file)) rmSync(path.join(folder, file))
  }
  const writer = { pid: whole.process.pid, startTicks: whole.process.startTicks, pidNamespace: null }
  const { process: of, stall, createdAt } = whole
  writeFileSync(
    path.join(folder, 'opened.json'),
    JSON.stringify({ schema: 1, id, createdAt, writer, process: of, stall }),
  )
  return { folder, whole }
}

test.each([COMPUTES, WAITS, LOCKED])(
  '%s: the cause and the place are told from its looks, and never as certain',
  (id) => {
    const { folder, whole } = cutOff(id, () => true)
    const { bundle, fault } = recoverBundle(folder)
    expect(fault).toBeNull()
    const [verdict] = bundle.manifest.verdicts
    const [meant] = whole.verdicts
    expect(verdict).toMatchObject({ kind: meant?.kind, cause: meant?.cause, where: { line: meant?.where?.line } })
    expect(verdict?.confidence).not.toBe('high')
    expect(bundle.manifest.notes?.join(' ')).toContain('from what the capture had written before it ended')
    expect(bundle.manifest.missing.map(({ name }) => name)).not.toContain('verdict')
  },
)

test('and so they are once the next start of a worker has sealed what it was left', () => {
  const { folder } = cutOff(WAITS, () => true)
  const { sealed } = sealLeftovers(
    path.dirname(folder),
    () => false,
    () => Date.now() + 3_600_000,
  )
  expect(sealed.map(({ id }) => id)).toEqual([WAITS])
  const { bundle } = recoverBundle(sealed[0]?.path ?? '')
  expect(bundle.state).toBe('sealed')
  expect(bundle.manifest.verdicts[0]).toMatchObject({ cause: 'http-response', confidence: 'medium' })
})

test('a look that was half taken does not hide what the one before it found', () => {
  const { folder } = cutOff(WAITS, (file) => file.startsWith('look-1-') || file === 'look-2-kernel.json')
  expect(recoverBundle(folder).bundle.manifest.verdicts[0]).toMatchObject({ cause: 'http-response' })
})

test('nothing is told before the awaits were read, or where they are not what a capture writes', () => {
  const early = cutOff(WAITS, (file) => /^look-1-(?:kernel|stacks)/.test(file)).folder
  const { manifest } = recoverBundle(early).bundle
  expect(manifest.verdicts).toEqual([])
  expect(manifest.missing.map(({ name }) => name)).toContain('verdict')
  for (const text of ['null', '{"awaits":7}', '[', '[]']) {
    const { folder } = cutOff(WAITS, () => true)
    for (const file of ['look-1-awaits.json', 'look-2-awaits.json']) writeFileSync(path.join(folder, file), text)
    expect(recoverBundle(folder).bundle.manifest.verdicts, text).toEqual([])
  }
})
