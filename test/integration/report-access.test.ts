/**
 * The page of an incident for everybody: axe-core finds nothing in light, dark and on a phone, all of it can be reached
 * by keyboard, and it prints whole. `npm run screenshots` takes pictures of a real incident of the demo besides.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderReportPage } from '../../src/export/page/report-page.js'
import { readIncident, readProfile } from '../../src/export/read-incident.js'
import { listBundles } from '../../src/incident/bundle-list.js'
import { readBundle } from '../../src/incident/bundle-reader.js'
import { checkWithAxe } from '../support/axe.js'
import { hasChromium, type Page, withPage } from '../support/chromium.js'
import { runCli } from '../support/cli.js'
import { PROJECT_ROOT } from '../support/nodes.js'

const FIXTURES = path.join(PROJECT_ROOT, 'test/fixtures/bundles/schema-1')
/** Where the pictures go; without it none are taken. */
const PICTURES = process.env['STALL_SCREENSHOTS']

let folder: string
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'report-access-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function pageOf(name: string): string {
  const bundles = listBundles([FIXTURES]).map((entry) => readBundle(entry.path))
  const bundle = bundles.find(({ manifest }) => manifest.process.argv.at(-1) === name)
  if (bundle === undefined) throw new Error(`no bundle of ${name}`)
  const file = path.join(folder, `${name}.html`)
  writeFileSync(file, renderReportPage(readIncident(bundle), { profile: readProfile(bundle) }))
  return file
}

interface View {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly scheme: 'light' | 'dark'
}

const VIEWS: readonly View[] = [
  { name: 'desktop', width: 1280, height: 900, scheme: 'light' },
  { name: 'dark', width: 1280, height: 900, scheme: 'dark' },
  { name: 'phone', width: 390, height: 844, scheme: 'light' },
]

async function look({ client }: Page, { width, height, scheme }: View): Promise<void> {
  await client.Emulation.setDeviceMetricsOverride({ width, height, deviceScaleFactor: 1, mobile: width < 600 })
  await client.Emulation.setEmulatedMedia({ features: [{ name: 'prefers-color-scheme', value: scheme }] })
}

describe.skipIf(!hasChromium())('in Chromium', () => {
  test.each(['computing', 'deadlock'])('axe-core finds nothing in the page of %s, in any view', async (name) => {
    await withPage(pageOf(name), async (page) => {
      for (const view of VIEWS) {
        await look(page, view)
        const { violations, passed } = await checkWithAxe(page)
        expect(violations, view.name).toEqual([])
        const looked = ['color-contrast', 'heading-order', 'landmark-one-main', 'region', 'label', 'html-has-lang']
        expect(passed).toEqual(
          expect.arrayContaining(name === 'deadlock' ? looked : looked.filter((rule) => rule !== 'label')),
        )
        // Nothing runs out of a small screen.
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), view.name).toBeLessThanOrEqual(
          0,
        )
      }
    })
  })

  test('finds what is wrong where something is', async () => {
    const file = pageOf('deadlock')
    const spoilt = readFileSync(file, 'utf8')
      .replace('<label for="search">Search</label>', '')
      .replace('--soft:#57606a', '--soft:#c8c8c8')
    const other = path.join(folder, 'spoilt.html')
    writeFileSync(other, spoilt)
    await withPage(other, async (page) => {
      await look(page, VIEWS[0]!)
      const { violations } = await checkWithAxe(page)
      expect(violations.map((text) => text.split(':')[0])).toEqual(expect.arrayContaining(['color-contrast']))
    })
  })

  test('every control is reached with the tab key, shows where one is, and the first leads to the verdict', async () => {
    await withPage(pageOf('deadlock'), async ({ client, evaluate }) => {
      const press = async (key: string, code: number): Promise<void> => {
        const what = { key, code: key, windowsVirtualKeyCode: code, ...(key === 'Enter' ? { text: '\r' } : {}) }
        await client.Input.dispatchKeyEvent({ type: 'keyDown', ...what })
        await client.Input.dispatchKeyEvent({ type: 'keyUp', ...what })
      }
      const reached: string[] = []
      for (let i = 0; i < 400; i++) {
        await press('Tab', 9)
        const at = await evaluate(`(() => {
          const each = document.activeElement
          if (!each || each === document.body) return null
          const all = [...document.querySelectorAll('*')]
          const { outlineWidth, outlineStyle } = getComputedStyle(each)
          return [all.indexOf(each), each.tagName, each.id || each.textContent.trim().slice(0, 20), outlineStyle !== 'none' && parseFloat(outlineWidth) > 0]
        })()`)
        if (at === null) break
        const [index, tag, name, outlined] = at as [number, string, string, boolean]
        expect(outlined, `${tag} ${name}`).toBe(true)
        if (reached.includes(`${index} ${tag}`)) break
        if (reached.length === 0) expect(name).toBe('Skip to the verdict')
        reached.push(`${index} ${tag}`)
      }
      const shown = `[...document.querySelectorAll('a, button, input, summary')].filter((each) => each.checkVisibility()).length`
      const controls = reached.filter((each) => /A|BUTTON|INPUT|SUMMARY/.test(each.split(' ')[1] ?? ''))
      expect(controls).toHaveLength(Number(await evaluate(shown)))
      // What is folded opens with the keyboard.
      await evaluate(
        `document.querySelector('#await-tree details').open = false; document.querySelector('#await-tree summary').focus()`,
      )
      await press('Enter', 13)
      expect(await evaluate(`document.querySelector('#await-tree details').open`)).toBe(true)
    })
  })

  test('prints on paper with everything unfolded, and nothing that only a screen can use', async () => {
    await withPage(pageOf('deadlock'), async (page) => {
      await page.evaluate(`addEventListener('beforeprint', () => {
        const shown = (css) => [...document.querySelectorAll(css)].filter((each) => getComputedStyle(each).display !== 'none').length
        queueMicrotask(() => { window.printed = { folded: document.querySelectorAll('details:not([open])').length, tools: shown('nav'), width: document.documentElement.scrollWidth } })
      })`)
      const pdf = Buffer.from((await page.client.Page.printToPDF({ printBackground: false })).data, 'base64')
      expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
      const pages = pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g) ?? []
      expect(pages.length).toBeGreaterThanOrEqual(2)
      expect(pages.length).toBeLessThan(30)
      expect(await page.evaluate('window.printed')).toMatchObject({ folded: 0 })
      await page.client.Emulation.setEmulatedMedia({ media: 'print' })
      const gone = `['nav', '.tools', '.skip'].every((css) => [...document.querySelectorAll(css)].every((each) => getComputedStyle(each).display === 'none'))`
      expect(await page.evaluate(gone)).toBe(true)
      expect(await page.evaluate(`getComputedStyle(document.body).backgroundColor`)).toBe('rgb(255, 255, 255)')
    })
  })

  test.skipIf(PICTURES === undefined)(
    'pictures of the demo’s incident, from a disk with the network off',
    { timeout: 300_000 },
    async () => {
      const out = path.resolve(PICTURES ?? '')
      mkdirSync(out, { recursive: true })
      const wedge = process.env['STALL_SCREENSHOTS_WEDGE'] ?? 'regexp'
      const said = await new Promise<string>((resolve) => {
        const demo = path.join(PROJECT_ROOT, 'test/fixtures/demo/demo.mjs')
        execFile(process.execPath, [demo, '--wedge', wedge], (_error, stdout) => resolve(stdout))
      })
      const bundle = /^Bundle: +(\S.*)$/m.exec(said)?.[1] ?? ''
      expect(bundle, said).not.toBe('')
      const file = path.join(out, 'report.html')
      expect((await runCli(['report', bundle, '--out', file])).code).toBe(0)
      writeFileSync(path.join(out, 'report.md'), readFileSync(path.join(bundle, 'report.md')))
      await withPage(file, async (page) => {
        const { client, evaluate, requests } = page
        await client.Network.emulateNetworkConditions({
          offline: true,
          latency: 0,
          downloadThroughput: 0,
          uploadThroughput: 0,
        })
        const loaded = client.Page.loadEventFired()
        await client.Page.reload({})
        await loaded
        for (const view of VIEWS) {
          await look(page, view)
          // The flame graph is drawn when it comes into sight.
          await evaluate(`document.querySelector('iframe')?.scrollIntoView()`)
          await new Promise((resolve) => setTimeout(resolve, 3000))
          await evaluate(`scrollTo(0, 0)`)
          const { data } = await client.Page.captureScreenshot({ format: 'png', captureBeyondViewport: true })
          writeFileSync(path.join(out, `${view.name}.png`), Buffer.from(data, 'base64'))
        }
        await look(page, VIEWS[0]!)
        writeFileSync(path.join(out, 'report.pdf'), Buffer.from((await client.Page.printToPDF({})).data, 'base64'))
        expect(requests.filter((url) => !url.startsWith('file://') && !url.startsWith('about:'))).toEqual([])
      })
    },
  )
})
