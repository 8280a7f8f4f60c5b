import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fingerprintOf } from '../../../src/incident/fingerprint.js'
import {
  consumeTombstones,
  isForStart,
  readTombstones,
  tombstoneOf,
  writeTombstone,
} from '../../../src/incident/tombstone.js'
import type { Tombstone } from '../../../src/model/incident.js'
import { temporaryFolder, VERDICT } from '../../support/incidents.js'

const NOW = Date.parse('2026-11-25T10:00:00.000Z')
let temporary: { readonly path: string; remove(): void }
let directory: string

const TOMBSTONE: Tombstone = {
  schema: 1,
  pid: 4711,
  startTime: '2026-11-25T09:00:00.000Z',
  endedAt: '2026-11-25T09:59:00.000Z',
  reason: 'poll loop silent for 300 s',
  exitCodeMeant: 70,
  how: 'koffi',
  clock: 'invoice-poller',
  ageMs: 300_000,
  incident: '01M89Y8W2SZNJ1QQQFK1RR4MS8',
  verdict: VERDICT.summary,
  service: 'invoices',
}

beforeEach(() => {
  temporary = temporaryFolder('tombstone')
  directory = temporary.path
})
afterEach(() => temporary.remove())

function write(change: Partial<Tombstone> = {}): void {
  const file = writeTombstone([{ path: directory, from: 'the test', shared: false }], { ...TOMBSTONE, ...change })
  expect(file).toEqual(expect.any(String))
}

test('is told once, to whom it matches', () => {
  write()
  write({ pid: 4712, service: 'other', endedAt: '2026-11-25T09:59:30.000Z' })
  const mine = (tombstone: Tombstone) => tombstone.service === 'invoices'
  expect(consumeTombstones([directory], mine, () => NOW)).toEqual([TOMBSTONE])
  expect(consumeTombstones([directory], mine, () => NOW)).toEqual([])
  expect(readTombstones([directory]).map((found) => found.tombstone.pid)).toEqual([4712])
})

test('is there for the supervisor, who takes nothing away', () => {
  write()
  expect(tombstoneOf([directory], 4711)).toMatchObject({ exitCodeMeant: 70, incident: TOMBSTONE.incident })
  expect(tombstoneOf([directory], 4711, 'another start')).toBeNull()
  expect(tombstoneOf([directory], 1)).toBeNull()
  expect(readdirSync(directory)).toHaveLength(1)
})

test('of a worker beside this one under `run` is left to their supervisor', () => {
  const mine = (run: string | null) => (left: Tombstone) => isForStart(left, { program: 'w.js', run }, () => NOW)
  const taken = (run: string | null): number => consumeTombstones([directory], mine(run), () => NOW).length
  write({ program: 'w.js', run: '800-1764000000000-2-1' })
  // The third worker of the same supervisor, the only worker of another, and one without any.
  expect([taken('800-1764000000000-3-9'), taken('801-1764000000000-1'), taken(null)]).toEqual([0, 0, 0])
  expect(taken('800-1764000000000-2-2')).toBe(1)
  // Nobody can be waiting for that any more.
  write({ program: 'w.js', run: '800-1764000000000-2-1', endedAt: '2026-11-25T09:50:00.000Z' })
  expect(taken(null)).toBe(1)
})

test('of another program, or from before there were names, is told as ever', () => {
  const start = { program: 'w.js', run: '800-1-1' }
  expect(isForStart({ ...TOMBSTONE, program: 'other.js' }, start)).toBe(false)
  expect(isForStart(TOMBSTONE, start)).toBe(true)
})

test('goes untold when it is a week old', () => {
  write({ endedAt: '2026-11-01T00:00:00.000Z' })
  expect(
    consumeTombstones(
      [directory],
      () => false,
      () => NOW,
    ),
  ).toEqual([])
  expect(readdirSync(directory)).toEqual([])
})

test('falls back to the next folder, and returns the error when there is none', () => {
  const file = path.join(directory, 'file')
  writeFileSync(file, '')
  const broken = { path: path.join(file, 'below'), from: 'CONDUCTOR_STALL_DIR', shared: false }
  const good = { path: path.join(directory, 'good'), from: 'HOME', shared: false }
  expect(writeTombstone([broken, good], TOMBSTONE)).toContain('/good/tombstone-4711-')
  expect(writeTombstone([broken], TOMBSTONE)).toMatchObject({ code: 'ERR_STALL_DIR_UNWRITABLE' })
  expect(writeTombstone([], TOMBSTONE)).toMatchObject({ code: 'ERR_STALL_DIR_UNWRITABLE' })
})

test('is not read from what is no tombstone', () => {
  writeFileSync(path.join(directory, 'tombstone-1-1.json'), '{"schema":1}')
  writeFileSync(path.join(directory, 'tombstone-2-2.json'), 'torn')
  mkdirSync(path.join(directory, 'tombstone-3-3.json'))
  expect(readTombstones([directory])).toEqual([])
})

test('a fingerprint stays over releases and edits, and differs by cause and place', () => {
  const base = fingerprintOf([VERDICT], '/srv/app')
  const where = VERDICT.where
  if (where === null) throw new Error('the verdict of the test has a place')
  const moved = { ...VERDICT, where: { ...where, file: '/srv/app-2/rules.js', line: 99 } }
  expect(fingerprintOf([moved], '/srv/app-2')).toBe(base)
  expect(fingerprintOf([{ ...VERDICT, cause: 'json' }], '/srv/app')).not.toBe(base)
  expect(fingerprintOf([{ ...VERDICT, where: { ...where, function: 'other' } }], '/srv/app')).not.toBe(base)
  expect(fingerprintOf([{ ...VERDICT, where: null }], '/srv/app')).not.toBe(base)
  expect(fingerprintOf([], null)).toBeNull()
})
