/**
 * A profile and a verdict that name different functions: the text at sealing, the page, the screen and the timeline say
 * which of them is right and why. The incidents are kept ones of a real worker, whose profile is replaced.
 */
import path from 'node:path'
import { expect, test } from 'vitest'
import { renderReportPage } from '../../../src/export/page/report-page.js'
import { readIncident } from '../../../src/export/read-incident.js'
import { incidentTimeline } from '../../../src/export/timeline/incident-timeline.js'
import { listBundles } from '../../../src/incident/bundle-list.js'
import { readBundle } from '../../../src/incident/bundle-reader.js'
import { renderIncident } from '../../../src/report/incident-text.js'
import { renderMarkdown } from '../../../src/report/markdown/render-markdown.js'
import type { ReportedIncident } from '../../../src/report/reported-incident.js'

const FOLDER = path.join(__dirname, '../../fixtures/bundles/schema-1')
const KEPT = listBundles([FOLDER]).map((entry) => readIncident(readBundle(entry.path)))
const named = (name: string): ReportedIncident => KEPT.find(({ manifest }) => manifest.process.argv.at(-1) === name)!

function withHot(incident: ReportedIncident, ...hot: [name: string, share: number][]): ReportedIncident {
  const { evidence, manifest } = incident
  const file = manifest.verdicts[0]?.where?.file ?? null
  const profile = {
    ...named('computing').evidence?.profile,
    hot: hot.map(([name, share]) => ({ function: name, file, line: 1, share })),
  }
  return { ...incident, evidence: { ...evidence, profile } as ReportedIncident['evidence'] }
}

const FORMS: Readonly<Record<string, (incident: ReportedIncident) => string>> = {
  'report.md': (incident) => renderMarkdown(incident),
  'a ticket of 3,000 bytes': (incident) => renderMarkdown(incident, { maxBytes: 3000 }),
  'report.html': (incident) => renderReportPage(incident),
  screen: (incident) =>
    renderIncident({ ...incident, path: '/incidents', state: 'sealed' }, { color: false, width: 80 }),
  timeline: (incident) => JSON.stringify(incidentTimeline(incident, null)),
}

/** Wrapped or escaped text as one line. */
function plain(text: string): string {
  return text.replaceAll(/[\s`\\]+/g, ' ')
}

test.each(Object.keys(FORMS))('%s says which is right, and why', (form) => {
  const text = plain(FORMS[form]!(withHot(named('computing'), ['pollOnce', 0.97], ['nextTick', 0.02])))
  expect(text).toContain('The CPU profile gives 97 % of its time to pollOnce, the stacks show priceOf: ')
  expect(text).toContain('the stacks are right. The profiler was attached while optimised code ran')
})

test.each(Object.keys(FORMS))('%s says nothing of it where they agree, or nothing computes', (form) => {
  const render = FORMS[form]!
  const agreeing = withHot(named('computing'), ['pollOnce', 0.6], ['priceOf', 0.4])
  const waiting = withHot(named('charge'), ['pollOnce', 1])
  for (const incident of [agreeing, waiting]) expect(plain(render(incident))).not.toContain('the stacks are right')
})

test('the kept incident disagrees by itself: its profiler was attached late', () => {
  expect(plain(renderMarkdown(named('computing')))).toMatch(
    /to computing, the stacks show priceOf: the stacks are right/,
  )
})
