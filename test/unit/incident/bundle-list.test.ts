import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBundle, listBundles } from '../../../src/incident/bundle-list.js'
import { readBundle, verifyBundle } from '../../../src/incident/bundle-reader.js'
import { sealLeftovers } from '../../../src/incident/leftovers.js'
import { applyRetention } from '../../../src/incident/retention.js'
import { bundleIn, sealedBundle, temporaryFolder } from '../../support/incidents.js'

const HOUR_MS = 3_600_000
// Later in each test: ids of one process never go back in time.
let start = Date.parse('2026-11-25T10:00:00.000Z')
let temporary: { readonly path: string; remove(): void }
let directory: string

beforeEach(() => {
  start += 100 * HOUR_MS
  temporary = temporaryFolder('bundle-list')
  directory = temporary.path
})
afterEach(() => temporary.remove())

/** Sealed bundles an hour apart, oldest first; ids in that order. */
function bundles(count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    path.basename(sealedBundle(directory, { now: () => start + i * HOUR_MS })),
  )
}

test('lists sealed and partial bundles newest first, and nothing else', () => {
  const [first, second] = bundles(2)
  const partial = bundleIn(directory, { now: () => start + 5 * HOUR_MS })
  mkdirSync(path.join(directory, 'other'))
  writeFileSync(path.join(directory, 'tombstone-1-1.json'), '')
  const entries = listBundles([directory, path.join(directory, 'absent')])
  expect(entries.map((entry) => [entry.id, entry.state])).toEqual([
    [partial.id, 'partial'],
    [second, 'sealed'],
    [first, 'sealed'],
  ])
  expect(entries[1]).toMatchObject({ createdAtMs: start + HOUR_MS })
  expect(entries[1]?.sizeBytes).toBeGreaterThan(1000)
})

test('finds a bundle by latest, id, beginning, lower case and path', () => {
  const [first = '', second = ''] = bundles(2)
  expect(findBundle([directory], 'latest').id).toBe(second)
  expect(findBundle([directory], first).id).toBe(first)
  const prefix = second.slice(0, 8)
  expect(first.startsWith(prefix)).toBe(false)
  expect(findBundle([directory], prefix.toLowerCase()).id).toBe(second)
  expect(findBundle([], path.join(directory, first)).id).toBe(first)
})

test('reads a bundle that came out of a ticket under another name', () => {
  const bundle = sealedBundle(directory, { now: () => start })
  const renamed = path.join(directory, 'incident-42')
  renameSync(bundle, renamed)
  expect(findBundle([], renamed)).toMatchObject({ id: path.basename(bundle), state: 'sealed' })
  expect(verifyBundle(renamed).problems).toEqual([])
  writeFileSync(path.join(renamed, 'incident.json'), '{"schema":1,"id":"../x"}')
  expect(() => readBundle(renamed)).toThrow('names no incident')
})

test('says which bundles an ambiguous beginning could mean', () => {
  const [first = ''] = bundles(3)
  expect(() => findBundle([directory], '01')).toThrow(
    expect.objectContaining({ code: 'ERR_STALL_USAGE', message: expect.stringContaining(first) }),
  )
})

test.each(['latest', '01ZZ', 'nothing', '', './absent'])('says that it found nothing for %j', (reference) => {
  expect(() => findBundle([directory], reference)).toThrow(
    expect.objectContaining({ code: 'ERR_STALL_BUNDLE_NOT_FOUND' }),
  )
})

test('removes the oldest bundles until the rest fit, and never the newest', () => {
  const ids = bundles(4)
  const sizeBytes = listBundles([directory])[0]?.sizeBytes ?? 0
  const options = { directory, isAlive: () => false }
  const first = applyRetention({ ...options, maxBytes: 2 * sizeBytes })
  expect(first.removed.map((entry) => entry.id)).toEqual(ids.slice(0, 2))
  expect(first.keptBytes).toBe(2 * sizeBytes)
  expect(applyRetention({ ...options, maxBytes: 0 }).kept.map((entry) => entry.id)).toEqual(ids.slice(3))
  expect(readdirSync(directory)).toEqual(ids.slice(3))
})

test('only says what would go in a dry run', () => {
  const ids = bundles(2)
  const result = applyRetention({ directory, maxBytes: 0, dryRun: true, isAlive: () => false })
  expect(result.removed.map((entry) => entry.id)).toEqual([ids[0]])
  expect(readdirSync(directory)).toEqual(ids)
})

test('removes by age', () => {
  const ids = bundles(4)
  const now = () => start + 4 * HOUR_MS
  const result = applyRetention({ directory, maxBytes: 2 ** 30, olderThanMs: 2.5 * HOUR_MS, now, isAlive: () => false })
  expect(result.removed.map((entry) => entry.id)).toEqual(ids.slice(0, 2))
})

test('removes a partial bundle only when its writer is gone', () => {
  const partial = bundleIn(directory, { now: () => start - HOUR_MS })
  const [only] = bundles(1)
  expect(applyRetention({ directory, maxBytes: 0, isAlive: () => true }).removed).toEqual([])
  expect(applyRetention({ directory, maxBytes: 0, isAlive: () => false }).removed).toMatchObject([{ id: partial.id }])
  expect(readdirSync(directory)).toEqual([only])
})

test('finishes a removal that was cut off, and touches no folder of others', () => {
  const [first = '', second = ''] = bundles(2)
  renameSync(path.join(directory, first), path.join(directory, `${first}.deleting`))
  mkdirSync(path.join(directory, 'other.deleting'))
  applyRetention({ directory, maxBytes: 2 ** 30, isAlive: () => false })
  expect(readdirSync(directory).sort()).toEqual([second, 'other.deleting'].sort())
})

test('seals what a dead process left, and leaves what a living one writes', () => {
  const dead = bundleIn(directory, { now: () => start, writer: { pid: 1, startTicks: 1 } })
  dead.addArtifact('kernel.json', '{}', { engine: 'procfs' })
  const living = bundleIn(directory, { now: () => start + 1, writer: { pid: 2, startTicks: 2 } })
  const result = sealLeftovers(
    directory,
    (writer) => writer.pid === 2,
    () => start + HOUR_MS,
  )
  expect(result.failures).toEqual([])
  expect(result.sealed.map((entry) => entry.id)).toEqual([dead.id])
  expect(readdirSync(directory).sort()).toEqual([dead.id, `${living.id}.partial`].sort())
  const folder = path.join(directory, dead.id)
  expect(verifyBundle(folder)).toMatchObject({ state: 'sealed', problems: [], unlisted: [] })
  expect(readBundle(folder).manifest).toMatchObject({
    artifacts: [{ name: 'kernel.json' }],
    missing: [{ code: 'ERR_STALL_BUNDLE_UNSEALED' }],
    notes: expect.arrayContaining(['Sealed by a later process.']),
  })
})
