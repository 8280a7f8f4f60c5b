/**
 * Damaged and hostile bundles: whatever is done to one, its readers answer with a text or one error that has a code and
 * a next step, never with a stack trace. Seeded; the same number damages the same way.
 *
 *   STALL_FUZZ_COUNT=5000 npx vitest run test/integration/bundle-fuzz.test.ts
 */
import {
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createHash } from 'node:crypto'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toLine } from '../../src/cli/incident-line.js'
import { checkBundle } from '../../src/export/check-bundle.js'
import { renderReportPage } from '../../src/export/page/report-page.js'
import { readIncident, readProfile } from '../../src/export/read-incident.js'
import { recoverBundle } from '../../src/export/recover-bundle.js'
import { incidentTimeline } from '../../src/export/timeline/incident-timeline.js'
import { listBundles } from '../../src/incident/bundle-list.js'
import { StallError } from '../../src/model/stall-error.js'
import { toFirefoxProfile } from '../../src/profile/firefox/firefox-profile.js'
import { readV8Profile } from '../../src/profile/from-cpu-profile.js'
import { compareLooks } from '../../src/report/diff/compare-looks.js'
import { renderDiff } from '../../src/report/diff/diff-text.js'
import { groupIncidents, renderIncidentList } from '../../src/report/incident-list.js'
import { renderIncident } from '../../src/report/incident-text.js'
import { renderMarkdown } from '../../src/report/markdown/render-markdown.js'
import { temporaryFolder } from '../support/incidents.js'

const COUNT = Number(process.env['STALL_FUZZ_COUNT'] ?? 150)
const FIXTURES = path.resolve(__dirname, '../fixtures/bundles/schema-1')
const READ = ['incident.json', 'evidence.json', 'sources.json', 'cpu.cpuprofile', 'SHA256SUMS']

let temporary: { readonly path: string; remove(): void }
beforeAll(() => {
  temporary = temporaryFolder('bundle-fuzz')
})
afterAll(() => temporary.remove())

/** Mulberry32. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let value = Math.imul(state ^ (state >>> 15), 1 | state)
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

const HOSTILE: readonly unknown[] = [
  null,
  -1,
  1e308,
  Number.MAX_SAFE_INTEGER,
  '',
  '../../../../etc/passwd',
  '\u001b]0;title\u0007\u202e',
  'x'.repeat(100_000),
  [],
  {},
  [[[[[[]]]]]],
  true,
  { __proto__: null, toString: 1 },
]

/** Puts something else at one place of a tree of JSON. */
function spoil(value: unknown, random: (below: number) => number): void {
  let at = value
  for (let depth = 0; depth < 30; depth++) {
    if (typeof at !== 'object' || at === null) return
    const keys = Object.keys(at)
    const key = keys[random(keys.length)]
    if (key === undefined) return
    const inner = (at as Record<string, unknown>)[key]
    if (typeof inner !== 'object' || inner === null || random(4) === 0) {
      ;(at as Record<string, unknown>)[key] = HOSTILE[random(HOSTILE.length)]
      return
    }
    at = inner
  }
}

type Damage = (folder: string, file: string, random: (below: number) => number) => void

const DAMAGES: readonly Damage[] = [
  (folder, file, random) => truncateSync(path.join(folder, file), random(2000)),
  (folder, file, random) => {
    const bytes = readFileSync(path.join(folder, file))
    for (let i = 0; i <= random(20); i++) bytes[random(bytes.length)] = random(256)
    writeFileSync(path.join(folder, file), bytes)
  },
  (folder, file) => unlinkSync(path.join(folder, file)),
  (folder, file) => {
    unlinkSync(path.join(folder, file))
    symlinkSync('/dev/zero', path.join(folder, file))
  },
  (folder, file) => writeFileSync(path.join(folder, file), '['.repeat(100_000)),
  (folder, file) => writeFileSync(path.join(folder, file), '{"schema":1}'),
  spoilFile,
  spoilFile,
  spoilFile,
  spoilFile,
]

/** Well-formed and wrong; the sums are dropped, so that the content itself is what readers meet. */
function spoilFile(folder: string, file: string, random: (below: number) => number): void {
  if (!file.endsWith('.json')) return
  const value: unknown = JSON.parse(readFileSync(path.join(folder, file), 'utf8'))
  for (let i = 0; i <= random(3); i++) spoil(value, random)
  const text = JSON.stringify(value)
  writeFileSync(path.join(folder, file), text)
  if (file === 'incident.json') return
  const manifest = JSON.parse(readFileSync(path.join(folder, 'incident.json'), 'utf8'))
  for (const record of manifest.artifacts) {
    if (record.name === file) Object.assign(record, sumOf(text))
  }
  writeFileSync(path.join(folder, 'incident.json'), JSON.stringify(manifest))
}

/** Everything that a reader would do with it. */
function readEverything(directory: string): string {
  const said: string[] = []
  const attempt = (act: () => unknown): void => {
    try {
      said.push(String(act()).slice(0, 20))
    } catch (thrown) {
      if (!(thrown instanceof StallError)) throw thrown
      expect(thrown.message).not.toContain('\n    at ')
      said.push(thrown.code)
    }
  }
  for (const entry of listBundles([directory])) {
    attempt(() => checkBundle(entry.path).problems.length)
    const lines = [toLine(entry)]
    attempt(() => renderIncidentList(groupIncidents(lines), { color: false, now: 0, width: 80, idLength: 8 }))
    attempt(() => {
      const { bundle } = recoverBundle(entry.path)
      const incident = readIncident(bundle)
      const shown = { ...incident, path: bundle.path, state: bundle.state }
      for (const verbose of [false, true]) renderIncident(shown, { color: false, width: 80, verbose })
      expect(Buffer.byteLength(renderMarkdown(incident, { maxBytes: 4000 }))).toBeLessThanOrEqual(4000)
      const [first] = incident.evidence?.looks ?? []
      const last = incident.evidence?.looks.at(-1)
      if (incident.evidence !== null && first !== undefined && last !== undefined) {
        const side = { manifest: incident.manifest, evidence: incident.evidence }
        const diff = compareLooks({ ...side, look: first, number: 1 }, { ...side, look: last, number: 2 })
        renderDiff(diff, { color: false, verbose: true, width: 80 })
      }
      return renderReportPage(incident, { profile: readProfile(bundle) })
    })
    attempt(() => {
      const { bundle } = recoverBundle(entry.path)
      const profile = readProfile(bundle)
      const samples = profile === null ? null : readV8Profile(profile)
      const timeline = incidentTimeline(readIncident(bundle), samples)
      return JSON.stringify(toFirefoxProfile(timeline)).length
    })
  }
  return said.join(' ')
}

test(`${COUNT} damaged bundles are answered, each with a text or a code`, { timeout: 1_800_000 }, () => {
  const sources = readdirSync(FIXTURES)
  const told = new Map<string, number>()
  for (let seed = 1; seed <= COUNT; seed++) {
    const random = randomFrom(seed)
    const name = sources[random(sources.length)] ?? ''
    const directory = path.join(temporary.path, String(seed))
    const folder = path.join(directory, name)
    cpSync(path.join(FIXTURES, name), folder, { recursive: true })
    const there = READ.filter((file) => readdirSync(folder).includes(file))
    const file = there[random(there.length)] ?? 'incident.json'
    DAMAGES[random(DAMAGES.length)]?.(folder, file, random)
    try {
      const said = readEverything(directory)
      const code = /ERR_STALL_\w+/.exec(said)?.[0] ?? 'shown'
      told.set(code, (told.get(code) ?? 0) + 1)
    } catch (thrown) {
      throw new Error(`seed ${seed}, ${file} of ${name}`, { cause: thrown })
    }
    rmSync(directory, { recursive: true })
  }
  // Both happen: what is whole is shown, and what is not has a code.
  expect(told.get('shown')).toBeGreaterThan(COUNT / 2)
  expect([...told.keys()].every((code) => code === 'shown' || code.startsWith('ERR_STALL_BUNDLE_'))).toBe(true)
})

function sumOf(text: string): { sizeBytes: number; sha256: string } {
  return { sizeBytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') }
}
