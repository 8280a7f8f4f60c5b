/* oxlint-disable typescript/no-explicit-any -- foreign requests: each field is checked where it is read */
/** Ticket systems that can't be installed, by servers that enforce what each vendor documents. */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'
import { ContractServer, jsonOf } from '../../support/sinks/contract-server.js'
import { diag, stallBundle } from '../../support/sinks/outbox-run.js'
import * as vendors from '../../support/sinks/vendors.js'

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
let server: ContractServer | null = null
beforeEach(() => {
  folder = temporaryFolder('vendors')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
})
afterEach(async () => {
  await server?.close()
  server = null
  folder.remove()
})

const prefixed = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [`CONDUCTOR_STALL_SINK_${name}`, value]))

const sumOf = (bytes: Buffer | undefined): string =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex')

test.each([
  ['jira', vendors.jira],
  ['github', vendors.github],
  ['gitlab', vendors.gitlab],
  ['slack', vendors.slack],
  ['servicenow', vendors.servicenow],
  ['azuredevops', vendors.azuredevops],
  ['pagerduty-incident', vendors.pagerdutyIncident],
] as const)(
  '%s: a ticket with the archive, a comment for a repeat, a new one for a closed one, as documented',
  async (sink, make) => {
    const vendor = make()
    server = await ContractServer.start(vendor.handler(() => server?.url ?? ''))
    const settings = {
      CONDUCTOR_STALL_DIR: bundles,
      CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0',
      ...prefixed({ ...vendor.env, [vendor.url]: server.url }),
    }
    const checked = await diag(['doctor'], settings)
    expect(checked.stdout).toMatch(new RegExp(`^ok    sink ${sink} `, 'm'))

    const first = stallBundle(bundles)
    const made = await diag(['attach', first, '--to', sink], settings)
    expect(made, made.stderr).toMatchObject({ code: 0, stdout: expect.stringMatching(/^http\S+\n$/) as string })
    expect(vendor.tickets).toHaveLength(1)
    expect(vendor.tickets[0]?.title).toContain('invoices: computing/regexp at validate (rules.js:18), invoice-poller')
    expect(vendor.tickets[0]?.text).toContain('validate at rules.js:18 has been inside one regular expression')
    if (vendor.linksOnly === true) expect(vendor.files).toEqual([])
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
    const secret = Object.keys(vendor.env).find((name) => /TOKEN|PASSWORD/.test(name)) ?? ''
    const wrong = { ...settings, [`CONDUCTOR_STALL_SINK_${secret}`]: 'wrong-credentials' }
    expect(await diag(['attach', stallBundle(bundles), '--to', sink], wrong)).toMatchObject({ code: 77 })
  },
  60_000,
)

test.each([
  ['jira', vendors.jira],
  ['gitlab', vendors.gitlab],
  ['servicenow', vendors.servicenow],
  ['azuredevops', vendors.azuredevops],
  ['github', vendors.github],
  ['pagerduty-incident', vendors.pagerdutyIncident],
  ['slack', vendors.slack],
] as const)(
  '%s: an answer that is lost after the server has done its work makes nothing twice',
  async (sink, make) => {
    const vendor = make()
    server = await ContractServer.start(vendor.handler(() => server?.url ?? ''))
    const settings = { CONDUCTOR_STALL_DIR: bundles, ...prefixed({ ...vendor.env, [vendor.url]: server.url }) }
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
  60_000,
)

test('sentry: an envelope with the event and the archive, gzipped, grouped by the cause', async () => {
  const id = stallBundle(bundles)
  // https://develop.sentry.dev/sdk/overview/#authentication and /sdk/data-model/envelopes/
  server = await ContractServer.start((request) =>
    request.path === '/api/42/envelope/' && /sentry_key=public/.test(String(request.headers['x-sentry-auth']))
      ? { status: 200, body: { id: 'x' } }
      : { status: 401, body: { detail: 'missing authorization information' } },
  )
  const dsn = server.url.replace('//', '//public@')
  const settings = { CONDUCTOR_STALL_DIR: bundles, CONDUCTOR_STALL_SINK_SENTRY_DSN: `${dsn}/42` }
  const run = await diag(['attach', id, '--to', 'sentry'], settings)
  expect(run, run.stderr).toMatchObject({ code: 0 })
  const body = gunzipSync(server.received[0]!.body)
  const [event, archive] = itemsOf(body)
  expect(JSON.parse(event!.payload.toString())).toMatchObject({
    event_id: run.stdout.trim(),
    fingerprint: [expect.stringMatching(/^[0-9a-f]{16}$/)],
  })
  expect(archive?.header).toMatchObject({ type: 'attachment', filename: `${id}.tar.gz` })
  expect(JSON.parse(event!.payload.toString()).extra.report).toContain(sumOf(archive?.payload))
  const wrong = await diag(['attach', id, '--to', 'sentry'], {
    ...settings,
    CONDUCTOR_STALL_SINK_SENTRY_DSN: 'https://nothing',
  })
  expect(wrong.code).toBe(77)
})

function itemsOf(body: Buffer): { header: Record<string, unknown>; payload: Buffer }[] {
  let at = body.indexOf(10) + 1
  const items = []
  while (at < body.length) {
    const end = body.indexOf(10, at)
    const header = JSON.parse(body.subarray(at, end).toString()) as Record<string, unknown>
    const payload = body.subarray(end + 1, end + 1 + Number(header['length']))
    items.push({ header, payload })
    at = end + 1 + payload.length + 1
  }
  return items
}

test('pagerduty: an event of Events API v2 with a dedup key that stays for one cause', async () => {
  // https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
  server = await ContractServer.start((request) => {
    const event = jsonOf(request) as Record<string, any>
    const { summary, source, severity } = event['payload'] as Record<string, string>
    const valid =
      request.path === '/v2/enqueue' &&
      event['routing_key'] === 'r'.repeat(32) &&
      event['event_action'] === 'trigger' &&
      String(event['dedup_key']).length <= 255 &&
      summary!.length <= 1024 &&
      source !== '' &&
      ['critical', 'error', 'warning', 'info'].includes(severity!) &&
      request.body.length <= 512 * 1024
    return valid
      ? { status: 202, body: { status: 'success', dedup_key: event['dedup_key'] } }
      : { status: 400, body: { status: 'invalid event' } }
  })
  const settings = {
    CONDUCTOR_STALL_DIR: bundles,
    CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0',
    ...prefixed({ PAGERDUTY_ROUTING_KEY: 'r'.repeat(32), PAGERDUTY_URL: server.url }),
  }
  for (const id of [stallBundle(bundles), stallBundle(bundles)]) {
    const run = await diag(['attach', id, '--to', 'pagerduty'], settings)
    expect(run, run.stderr).toMatchObject({ code: 0 })
  }
  const keys = server.received.map((request) => jsonOf(request)['dedup_key'])
  expect(keys).toHaveLength(2)
  expect(new Set(keys).size).toBe(1)
  const dry = await diag(['attach', 'latest', '--to', 'pagerduty', '--dry-run'], settings)
  expect(dry.stdout).not.toContain('r'.repeat(32))
})
