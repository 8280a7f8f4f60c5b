/** Ticket systems that can't be installed, by servers that enforce what each vendor documents. */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'
import { diag, stallBundle } from '../../support/sinks/outbox-run.js'
import { ROUTING_KEY } from '../../support/sinks/vendors/pagerduty.js'
import { envelopeOf } from '../../support/sinks/vendors/sentry.js'
import { textAt, valueAt } from '../../support/sinks/vendors/vendor.js'
import { type RunningVendor, startVendor, TICKET_NAMES, type VendorName } from '../../support/sinks/vendors/index.js'

/** A dozen commands on a machine that has other things to do. */
const LIMIT_MS = 300_000

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
let running: RunningVendor | null = null
beforeEach(() => {
  folder = temporaryFolder('vendors')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
})
afterEach(async () => {
  await running?.server.close()
  running = null
  folder.remove()
})

/** One vendor, and the settings of a delivery to it. */
async function open(name: VendorName, more: Readonly<Record<string, string>> = {}) {
  running = await startVendor(name)
  return { ...running, settings: { CONDUCTOR_STALL_DIR: bundles, ...running.settings, ...more } }
}

const sumOf = (bytes: Buffer | undefined): string =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex')

test.each(TICKET_NAMES)(
  '%s: a ticket with the archive, a comment for a repeat, a new one for a closed one, as documented',
  async (sink) => {
    const { vendor, settings } = await open(sink, { CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0' })
    const checked = await diag(['doctor'], settings)
    expect(checked.stdout).toMatch(new RegExp(`^ok    sink ${sink} `, 'm'))

    const first = stallBundle(bundles)
    const made = await diag(['attach', first, '--to', sink], settings)
    expect(made, made.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^http\S+\n$/) as string })
    expect(vendor.tickets).toHaveLength(1)
    expect(vendor.tickets[0]?.title).toContain('invoices: computing/regexp at validate (rules.js:18), invoice-poller')
    expect(vendor.tickets[0]?.text).toContain('validate at rules.js:18 has been inside one regular expression')
    if (vendor.linksOnly) expect(vendor.files).toEqual([])
    else {
      expect(vendor.files.map(({ name }) => name)).toEqual([
        `${first}.tar.gz`,
        `${first}.report.md`,
        `${first}.report.html`,
      ])
      const packed = await diag(['pack', first, '-o', path.join(folder.path, 'own.tar.gz'), '--json'], settings)
      expect(packed.code).toBe(0)
      expect(vendor.tickets[0]?.text).toContain(sumOf(vendor.files[0]?.bytes))
    }

    const second = stallBundle(bundles)
    const commented = await diag(['attach', second, '--to', sink], settings)
    expect(commented, commented.stderr).toMatchObject({ code: 0, stdout: made.stdout })
    expect(vendor.tickets).toHaveLength(1)
    expect(vendor.tickets[0]?.comments.join(' ')).toContain(`stall-${second.toLowerCase()}`)

    if (sink !== 'slack') {
      vendor.tickets[0]!.open = false
      const third = await diag(['attach', stallBundle(bundles), '--to', sink], settings)
      expect(third, third.stderr).toMatchObject({ code: 0 })
      expect(vendor.tickets).toHaveLength(2)

      for (const ticket of vendor.tickets) ticket.open = false
      const reopen = { ...settings, CONDUCTOR_STALL_SINK_CLOSED_TICKET: 'reopen' }
      const fourth = await diag(['attach', stallBundle(bundles), '--to', sink], reopen)
      expect(fourth, fourth.stderr).toMatchObject({ code: 0 })
      // PagerDuty has no way back from resolved: a new incident that names the old one.
      const open = vendor.tickets.map((ticket) => ticket.open)
      expect(open).toEqual(sink === 'pagerduty-incident' ? [false, false, true] : [false, true])
    }
    // The credentials are checked by the server: a wrong one is a refusal.
    const secret = Object.keys(vendor.env).find((name) => /TOKEN|PASSWORD|KEY/.test(name)) ?? ''
    const wrong = { ...settings, [`CONDUCTOR_STALL_SINK_${secret}`]: 'wrong-credentials' }
    expect(await diag(['attach', stallBundle(bundles), '--to', sink], wrong)).toMatchObject({ code: 77 })
  },
  LIMIT_MS,
)

test.each(TICKET_NAMES)(
  '%s: an answer that is lost after the server has done its work makes nothing twice',
  async (sink) => {
    const { vendor, server, settings } = await open(sink)
    const id = stallBundle(bundles)
    // Each request that changes something loses its answer, once.
    const changes = (request: { method: string }): boolean => request.method !== 'GET'
    server.faults = [{ nth: 1, when: 'after', match: changes, act: () => 'cut' }]
    const run = await diag(['attach', id, '--to', sink], settings)
    expect(run, run.stderr).toMatchObject({ code: 0 })
    expect(vendor.tickets).toHaveLength(1)
    const names = vendor.files.map(({ name }) => name)
    expect(names.length).toBe(new Set(names).size)
  },
  LIMIT_MS,
)

test('sentry: an envelope with the event and the archive, gzipped, grouped by the cause', async () => {
  const { vendor, server, settings } = await open('sentry')
  const id = stallBundle(bundles)
  const run = await diag(['attach', id, '--to', 'sentry'], settings)
  expect(run, run.stderr).toMatchObject({ code: 0 })
  expect(vendor.tickets).toMatchObject([
    { marks: [run.stdout.trim(), expect.stringMatching(/^[0-9a-f]{16}$/) as string] },
  ])
  expect(vendor.files.map(({ name }) => name)).toEqual(
    ['tar.gz', 'report.md', 'report.html'].map((ending) => `${id}.${ending}`),
  )
  const event = JSON.parse(vendor.tickets[0]?.text ?? '') as unknown
  expect(textAt(event, 'extra', 'report')).toContain(sumOf(vendor.files[0]?.bytes))
  expect(server.received[0]?.headers['content-encoding']).toBe('gzip')
  expect(envelopeOf(server.received[0]!)?.items).toHaveLength(4)
  for (const dsn of ['https://nothing', `${server.url.replace('//', '//another@')}/42`]) {
    const wrong = { ...settings, CONDUCTOR_STALL_SINK_SENTRY_DSN: dsn }
    // Of another cause: a repeat would only be counted.
    expect(await diag(['attach', stallBundle(bundles, 'elsewhere'), '--to', 'sentry'], wrong)).toMatchObject({
      code: 77,
    })
  }
})

test('pagerduty: an event of Events API v2 with a dedup key that stays for one cause', async () => {
  const { vendor, settings } = await open('pagerduty', { CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0' })
  for (const id of [stallBundle(bundles), stallBundle(bundles)]) {
    const run = await diag(['attach', id, '--to', 'pagerduty'], settings)
    expect(run, run.stderr).toMatchObject({ code: 0 })
  }
  expect(vendor.tickets).toHaveLength(2)
  expect(new Set(vendor.tickets.flatMap(({ marks }) => marks)).size).toBe(1)
  const counts = vendor.tickets.map(({ text }) => valueAt(JSON.parse(text), 'custom_details', 'count'))
  expect(counts).toEqual([1, 2])
  const dry = await diag(['attach', 'latest', '--to', 'pagerduty', '--dry-run'], settings)
  expect(dry.stdout).not.toContain(ROUTING_KEY)
})
