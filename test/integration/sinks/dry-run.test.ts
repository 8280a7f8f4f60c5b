/** `--dry-run` prints what is sent then: each request that changes something, with its body, and none that is not made. */
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'
import { ContractServer, type Received } from '../../support/sinks/contract-server.js'
import { diag, stallBundle } from '../../support/sinks/outbox-run.js'
import { asPattern, cut, printed, rehearsed } from '../../support/sinks/rehearsal.js'
import { type RunningVendor, startVendor, VENDOR_NAMES } from '../../support/sinks/vendors/index.js'
import { envelopeOf } from '../../support/sinks/vendors/sentry.js'
import { bodyOf, textAt } from '../../support/sinks/vendors/vendor.js'

/** A dozen commands on a machine that has other things to do. */
const LIMIT_MS = 300_000

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
const servers: ContractServer[] = []
beforeEach(() => {
  folder = temporaryFolder('dry-run')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
  folder.remove()
})

/** Searches that are asked by POST change nothing. */
const changes = ({ method, path: at }: Received): boolean => method !== 'GET' && !at.endsWith('/_apis/wit/wiql')

test.each(VENDOR_NAMES.filter((name) => name !== 'sentry'))(
  '%s: what is printed is what is sent, request by request',
  async (sink) => {
    const { vendor, server, settings }: RunningVendor = await startVendor(sink)
    servers.push(server)
    const id = stallBundle(bundles)
    const all = { CONDUCTOR_STALL_DIR: bundles, ...settings }
    const plan = await rehearsed(id, sink, all)
    expect(server.received).toEqual([])
    expect(readdirSync(bundles)).toEqual([id])
    const secrets = Object.entries(vendor.env).filter(([name]) => /TOKEN|PASSWORD|_KEY$/.test(name))
    for (const [, secret] of secrets) expect(JSON.stringify(plan)).not.toContain(`"${secret}"`)

    const sent = await diag(['attach', id, '--to', sink], all)
    expect(sent, sent.stderr).toMatchObject({ code: 0 })
    const made = server.received.filter((request) => changes(request))
    expect(plan.map(({ what }) => what)).toHaveLength(made.length)
    for (const [at, request] of made.entries()) {
      const { what, body, headers = {} } = plan[at]!
      expect(`${request.method} ${server.url}${request.url}`).toMatch(asPattern(what))
      for (const [name, value] of Object.entries(headers)) expect(request.headers[name]).toBe(value)
      const secretless = JSON.stringify(await printed(request))?.replaceAll(
        vendor.env['PAGERDUTY_ROUTING_KEY'] ?? '\0',
        '[secret]',
      )
      expect(secretless).toMatch(asPattern(cut(JSON.stringify(body))))
    }
  },
  LIMIT_MS,
)

test('sentry: the event and the files of the envelope', async () => {
  const { server, settings } = await startVendor('sentry')
  servers.push(server)
  const id = stallBundle(bundles)
  const all = { CONDUCTOR_STALL_DIR: bundles, ...settings }
  const [only, ...more] = await rehearsed(id, 'sentry', all)
  expect(more).toEqual([])
  expect(await diag(['attach', id, '--to', 'sentry'], all)).toMatchObject({ code: 0 })
  const items = envelopeOf(server.received[0]!)?.items ?? []
  const { event, attachments } = only!.body as { event: unknown; attachments: string[] }
  expect(JSON.parse(items[0]?.payload.toString() ?? '')).toEqual(event)
  expect(attachments.map((line) => cut(line))).toEqual(
    items.slice(1).map(({ header, payload }) => `<${textAt(header, 'filename')}, ${payload.length} bytes, `),
  )
})

test('webhook and file: the event, the files', async () => {
  const server = await ContractServer.start(() => ({ status: 202 }))
  servers.push(server)
  const store = path.join(folder.path, 'store')
  mkdirSync(store)
  const id = stallBundle(bundles)
  const settings = {
    CONDUCTOR_STALL_DIR: bundles,
    CONDUCTOR_STALL_SINK_WEBHOOK_URL: `${server.url}/hook`,
    CONDUCTOR_STALL_SINK_WEBHOOK_ARCHIVE: 'true',
    CONDUCTOR_STALL_SINK_FILE_DIR: store,
  }
  const [event, archive] = await rehearsed(id, 'webhook', settings)
  const files = await rehearsed(id, 'file', settings)
  expect([...server.received, ...readdirSync(store)]).toEqual([])
  const sent = await diag(['attach', id, '--to', 'webhook', '--to', 'file'], settings)
  expect(sent, sent.stderr).toMatchObject({ code: 0 })
  // The folder has no address, so that the event has no link either way.
  expect(bodyOf(server.received[0]!)).toEqual(event?.body)
  expect(server.received.map(({ headers }) => headers['idempotency-key'])).toEqual(
    [event, archive].map((each) => each?.headers?.['idempotency-key']),
  )
  expect(await printed(server.received[1]!)).toBe(archive?.body)
  expect(files.map(({ what }) => what.replace(`write ${store}/`, '')).sort()).toEqual(readdirSync(store).sort())
})

test('an archive that is too large to attach is not announced as attached', async () => {
  const { server, settings } = await startVendor('jira')
  servers.push(server)
  const id = stallBundle(bundles)
  const all = { CONDUCTOR_STALL_DIR: bundles, ...settings, CONDUCTOR_STALL_SINK_MAX_ATTACHMENT_MB: '0' }
  const plan = await rehearsed(id, 'jira', all)
  expect(await diag(['attach', id, '--to', 'jira'], all)).toMatchObject({ code: 0 })
  const made = server.received.filter((request) => changes(request))
  expect(made).toHaveLength(plan.length)
  expect(bodyOf(made[0]!)).toEqual(plan[0]?.body)
})
