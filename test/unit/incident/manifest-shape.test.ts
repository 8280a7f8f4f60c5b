import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { manifestFault } from '../../../src/incident/manifest-shape.js'
import { sealedBundle, temporaryFolder } from '../../support/incidents.js'

const temporary = temporaryFolder('manifest-shape')
afterAll(() => temporary.remove())

interface Manifest {
  readonly verdicts: { where: object | null; chain: object[] }[]
  readonly [key: string]: unknown
}

function manifestWith(source: object): Manifest {
  const text = readFileSync(path.join(sealedBundle(temporary.path), 'incident.json'), 'utf8')
  const manifest = JSON.parse(text) as Manifest
  const verdict = manifest.verdicts[0]
  if (verdict === undefined) throw new Error('no verdict')
  verdict.where = { function: 'poll', file: '/app/dist/worker.js', line: 3, column: 1, source }
  verdict.chain = [{ ...verdict.where, tier: null, async: false, native: false }]
  return manifest
}

test('takes the places that source maps lead to, which have no function of their own', () => {
  expect(manifestFault(manifestWith({ file: '/app/src/worker.ts', line: 9 }))).toBeNull()
  expect(manifestFault(manifestWith({ file: '/app/src/worker.ts', line: 9, column: 4, function: 'poll' }))).toBeNull()
})

test('refuses a source without a file, or with a line that is no number', () => {
  expect(manifestFault(manifestWith({ line: 9 }))).toBe('has the source of a frame of a chain without a valid file')
  expect(manifestFault(manifestWith({ file: '/app/a.ts', line: '9' }))).toMatch(/without a valid line$/)
})
