/**
 * Whole screens of real incidents, as they were captured by schema 1. After a change that was meant: npm run screens
 */
import path from 'node:path'
import { expect, test } from 'vitest'
import { readIncident } from '../../../src/export/read-incident.js'
import { listBundles } from '../../../src/incident/bundle-list.js'
import { readBundle } from '../../../src/incident/bundle-reader.js'
import { groupIncidents, renderIncidentList, uniqueIdLength } from '../../../src/report/incident-list.js'
import { renderIncident } from '../../../src/report/incident-text.js'
import { renderMarkdown } from '../../../src/report/markdown/render-markdown.js'
import { toLine } from '../../../src/cli/incident-line.js'

const FOLDER = path.resolve(__dirname, '../../fixtures/bundles/schema-1')
const SCREENS = path.resolve(__dirname, '../../fixtures/screens')
const BUNDLES = listBundles([FOLDER]).map((entry) => ({ entry, bundle: readBundle(entry.path) }))
const NAMES = BUNDLES.map(({ bundle }) => [bundle.manifest.process.argv.at(-1), bundle.id, bundle] as const)

test('there are incidents to show', () => expect(NAMES.length).toBe(4))

test.each(NAMES)('show %s %s at 80 and 120 columns, and everything', async (name, id, bundle) => {
  const incident = { ...readIncident(bundle), path: `/srv/incidents/${id}`, state: bundle.state }
  for (const width of [80, 120]) {
    const text = renderIncident(incident, { color: false, width })
    await expect(text).toMatchFileSnapshot(path.join(SCREENS, `show-${name}-${id.slice(0, 8)}-${width}.txt`))
  }
  const all = renderIncident(incident, { color: false, width: 80, verbose: true })
  await expect(all).toMatchFileSnapshot(path.join(SCREENS, `show-${name}-${id.slice(0, 8)}-verbose.txt`))
})

test.each(NAMES)('report.md of %s %s, whole and for a ticket of 2,000 bytes', async (name, id, bundle) => {
  const incident = readIncident(bundle)
  await expect(renderMarkdown(incident)).toMatchFileSnapshot(path.join(SCREENS, `report-${name}-${id.slice(0, 8)}.md`))
  const short = renderMarkdown(incident, { maxBytes: 2000 })
  await expect(short).toMatchFileSnapshot(path.join(SCREENS, `report-${name}-${id.slice(0, 8)}-2000.md`))
})

test.each([80, 120])('ls at %d columns', async (width) => {
  const lines = BUNDLES.map(({ entry }) => toLine(entry))
  const now = Date.parse('2026-11-29T14:00:00.000Z')
  const idLength = uniqueIdLength(lines.map((line) => line.id))
  const text = renderIncidentList(groupIncidents(lines), { color: false, now, width, idLength })
  await expect(text).toMatchFileSnapshot(path.join(SCREENS, `ls-${width}.txt`))
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width)
})
