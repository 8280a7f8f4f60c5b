/** The page of an incident in a real browser: it works, loads nothing, and nothing of a hostile target runs in it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { renderReportPage } from '../../src/export/page/report-page.js'
import { readIncident, readProfile } from '../../src/export/read-incident.js'
import { listBundles } from '../../src/incident/bundle-list.js'
import { readBundle } from '../../src/incident/bundle-reader.js'
import type { ReportedIncident } from '../../src/report/reported-incident.js'
import { hasChromium, withPage } from '../support/chromium.js'
import { temporaryFolder } from '../support/incidents.js'

const FOLDER = path.resolve(__dirname, '../fixtures/bundles/schema-1')
const BUNDLES = listBundles([FOLDER]).map((entry) => readBundle(entry.path))
const named = (name: string) => BUNDLES.find((bundle) => bundle.manifest.process.argv.at(-1) === name)!

let temporary: { readonly path: string; remove(): void }
beforeEach(() => {
  temporary = temporaryFolder('report-page')
})
afterEach(() => temporary.remove())

function put(html: string): string {
  mkdirSync(temporary.path, { recursive: true })
  const file = path.join(temporary.path, 'report.html')
  writeFileSync(file, html)
  return file
}

/** Every text of the evidence becomes the hostile one; what is matched on (names of kinds, states, ids) stays. */
function poisoned(incident: ReportedIncident, poison: string): ReportedIncident {
  const kept = new Set([
    'kind',
    'cause',
    'confidence',
    'id',
    'trigger',
    'level',
    'role',
    'code',
    'createdAt',
    'sealedAt',
  ])
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return kept.has(key) ? value : key === 'file' ? `/${poison}` : poison
    if (Array.isArray(value)) return value.map((each) => walk(each, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, walk(each, name)]))
  }
  return walk(incident, '') as ReportedIncident
}

const POISONS = [
  '<script>document.title="hacked"</script>',
  '"><img src=x onerror="document.title=\'hacked\'">',
  '\'><svg/onload=document.title="hacked">',
  '</style></script><script>document.title="hacked"</script>',
  '<%= it.hacked %><% document.title = "hacked" %>',
  'javascript:document.title="hacked"',
  '</iframe><iframe srcdoc="<script>top.document.title=\'hacked\'</script>">',
  '\u202e<b>\u0000${document.title="hacked"}',
]

describe.skipIf(!hasChromium())('in Chromium', () => {
  test('has every section, asks for nothing but itself, and complains of nothing', async () => {
    const bundle = named('charge')
    const file = put(renderReportPage(readIncident(bundle), { profile: readProfile(bundle) }))
    await withPage(file, async ({ evaluate, requests, complaints }) => {
      expect(await evaluate(`[...document.querySelectorAll('h2')].map((each) => each.textContent)`)).toEqual([
        'Verdict',
        'Code',
        'Timeline',
        'The last minutes',
        'Clocks',
        'Awaits',
        'Threads',
        'Sockets',
        'Unavailable, and why',
        'Files of the bundle',
        'Process and capture',
      ])
      expect(await evaluate(`document.querySelector('.summary').textContent`)).toContain('waits for the answer to POST')
      expect(requests.filter((url) => !url.startsWith('file://') || !url.endsWith('report.html'))).toEqual([])
      expect(complaints).toEqual([])
      // Landmarks, one main heading, a name for everything that can be operated.
      expect(await evaluate(`['header','main','nav','footer'].every((each) => document.querySelector(each))`)).toBe(
        true,
      )
      expect(await evaluate(`document.querySelectorAll('h1').length`)).toBe(1)
      expect(await evaluate(`[...document.querySelectorAll('input')].every((each) => each.labels.length > 0)`)).toBe(
        true,
      )
    })
  })

  test('searches the awaits, opens what it finds, and folds', async () => {
    const file = put(renderReportPage(readIncident(named('deadlock'))))
    await withPage(file, async ({ evaluate }) => {
      await evaluate(`document.getElementById('fold').click()`)
      expect(await evaluate(`document.querySelectorAll('#await-tree details[open]').length`)).toBe(0)
      const type = (text: string): string =>
        `{ const box = document.getElementById('search'); box.value = ${JSON.stringify(text)}; box.dispatchEvent(new Event('input')) }`
      await evaluate(type('reserve (wedges'))
      expect(await evaluate(`document.getElementById('found').textContent`)).toBe('1 place')
      const open = `[...document.querySelectorAll('#await-tree details[open] > summary code')].map((each) => each.textContent.split(' ')[0])`
      expect(await evaluate(open)).toEqual(['poll', 'execute', 'deadlock'])
      await evaluate(type('no such thing'))
      expect(await evaluate(`document.getElementById('found').textContent`)).toBe('0 places')
    })
  })

  test('shows the flame graph, left heavy, in a frame that can reach nothing', async () => {
    const bundle = named('computing')
    const file = put(renderReportPage(readIncident(bundle), { profile: readProfile(bundle) }))
    const [inner, policy] = await withPage(file, async ({ evaluate }) => {
      const frame = `document.querySelector('iframe')`
      expect(await evaluate(`${frame}.getAttribute('sandbox')`)).toBe('allow-scripts')
      const read = [`${frame}.srcdoc`, `document.querySelector('meta[http-equiv]').outerHTML`]
      return Promise.all(read.map(evaluate)) as Promise<string[]>
    })
    // By itself, under the policy that it inherits in the page: a frame's console is not the page's.
    const alone = put(inner!.replace('<head>', () => `<head>${policy}`))
    await withPage(alone, async ({ evaluate }) => {
      const deadline = Date.now() + 40_000
      while (!(await evaluate(`document.title.includes('worker.js computing')`)) && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      expect(await evaluate(`document.title`)).toMatch(/worker\.js computing · pid \d+ on .* · stacks by inspector/)
      expect(await evaluate(`location.hash`)).toContain('view=left-heavy')
      expect(await evaluate(`document.querySelectorAll('canvas').length`)).toBeGreaterThan(0)
    })
  })

  test.each(POISONS)('nothing of %j runs, and the page stays whole', async (poison) => {
    const incident = poisoned(readIncident(named('deadlock')), poison)
    const flame = poisoned(readIncident(named('computing')), poison)
    const both = { ...incident, evidence: { ...incident.evidence!, samples: flame.evidence!.samples } }
    const file = put(renderReportPage(both, { profile: null }))
    await withPage(file, async ({ evaluate, requests, complaints }) => {
      expect(await evaluate(`document.title`)).not.toBe('hacked')
      expect(await evaluate(`document.querySelectorAll('body > script, head script').length`)).toBe(1)
      expect(await evaluate(`document.querySelectorAll('img, object, embed, link, form, b, svg[onload]').length`)).toBe(
        0,
      )
      expect(await evaluate(`document.querySelectorAll('iframe').length`)).toBe(1)
      expect(await evaluate(`document.querySelectorAll('h2').length`)).toBeGreaterThanOrEqual(10)
      expect(requests.filter((url) => !url.endsWith('report.html') && !url.startsWith('about:'))).toEqual([])
      expect(complaints.filter((text) => text.startsWith('dialog'))).toEqual([])
    })
  })
})

test('evidence that is not as it should be costs its section, not the page', () => {
  const incident = readIncident(named('deadlock'))
  const broken = { ...incident, evidence: { ...incident.evidence, looks: [{ threads: 7, awaits: { roots: [null] } }] } }
  const page = renderReportPage(broken as unknown as ReportedIncident)
  expect(page).toContain('could not be shown')
  expect(page).toContain('What to do next')
})
