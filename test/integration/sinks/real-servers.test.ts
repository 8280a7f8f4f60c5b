/** Real servers: what is sent arrives, byte for byte, and a repeat is a comment. Skipped by name where one can't be had. */
import { createHash, createHmac } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { AwsClient } from 'aws4fetch'
import { afterEach, beforeEach, expect, test, type TestContext } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'
import { diag, stallBundle } from '../../support/sinks/outbox-run.js'
import { readEnvelope } from '../../support/sinks/vendors/sentry.js'
import { textAt } from '../../support/sinks/vendors/vendor.js'
import {
  type RealServer,
  startAlertmanager,
  startAzurite,
  startBugsink,
  startRadosgw,
  startRedmine,
  startRt,
  startSmtp,
  sinkPackages,
} from '../../fixtures/ticket-servers/real-servers.mjs'

const LIMIT_MS = 600_000

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
let server: RealServer | null = null
beforeEach(() => {
  folder = temporaryFolder('real')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
})
afterEach(async () => {
  await server?.stop()
  server = null
  folder.remove()
})

async function real<T extends RealServer>(
  start: (folder: string) => Promise<T | null>,
  name: string,
  context: TestContext,
): Promise<T> {
  const place = path.join(folder.path, 'server')
  mkdirSync(place)
  const started = await start(place)
  if (started === null) return context.skip(`${name} can't be installed here`)
  server = started
  return started
}

const settingsOf = (more: Readonly<Record<string, string>>): Record<string, string> => ({
  CONDUCTOR_STALL_DIR: bundles,
  CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0',
  ...more,
})

const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function packed(id: string, settings: Record<string, string>): Promise<Buffer> {
  const file = path.join(folder.path, `${id}.own.tar.gz`)
  expect(await diag(['pack', id, '-o', file], settings)).toMatchObject({ code: 0 })
  return readFileSync(file)
}

async function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(url, { headers })
}

test(
  'Request Tracker 5: ticket, archive, comment, reopening, and a wrong password',
  async (context) => {
    const { url, env } = await real(startRt, 'request-tracker5', context)
    const store = path.join(folder.path, 'store')
    mkdirSync(store)
    const settings = settingsOf({ ...env, CONDUCTOR_STALL_SINK_FILE_DIR: store })
    const headers = { authorization: `Basic ${Buffer.from('root:password').toString('base64')}` }
    expect((await diag(['doctor'], settings)).stdout).toMatch(/^ok    sink rt /m)
    const first = stallBundle(bundles)
    const made = await diag(['attach', first, '--to', 'rt'], settings)
    expect(made, made.stderr).toMatchObject({ code: 0, stdout: `${url}/Ticket/Display.html?id=1\n` })
    const second = stallBundle(bundles)
    expect(await diag(['attach', second, '--to', 'rt'], settings)).toMatchObject({ code: 0, stdout: made.stdout })
    const list = (await (
      await get(`${url}/REST/2.0/ticket/1/attachments?per_page=100&fields=Filename`, headers)
    ).json()) as {
      items: { id: string; Filename: string }[]
    }
    const fetched = async (name: string): Promise<Buffer> => {
      const item = list.items.find(({ Filename: each }) => each === name)
      const answer = await get(`${url}/REST/2.0/attachment/${item?.id}`, headers)
      return Buffer.from(((await answer.json()) as { Content: string }).Content, 'base64')
    }
    for (const id of [first, second]) {
      expect(sumOf(await fetched(`${id}.tar.gz`))).toBe(sumOf(await packed(id, settings)))
      // Texts too: signs beyond ASCII are not encoded twice.
      expect(await diag(['attach', id, '--to', 'file'], settings)).toMatchObject({ code: 0 })
      for (const name of [`${id}.report.md`, `${id}.report.html`]) {
        const sent = readFileSync(path.join(store, name), 'utf8')
        expect(sent).toMatch(/[^\p{ASCII}]/u)
        expect((await fetched(name)).toString()).toBe(sent)
      }
    }
    await fetch(`${url}/REST/2.0/ticket/1`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ Status: 'resolved' }),
    })
    const reopen = { ...settings, CONDUCTOR_STALL_SINK_CLOSED_TICKET: 'reopen' }
    expect(await diag(['attach', stallBundle(bundles), '--to', 'rt'], reopen)).toMatchObject({
      code: 0,
      stdout: made.stdout,
    })
    expect(await (await get(`${url}/REST/2.0/ticket/1`, headers)).json()).toMatchObject({ Status: 'open' })
    // By its number, and one that is not there.
    expect(await diag(['attach', second, '--to', 'rt:1'], settings)).toMatchObject({ code: 0 })
    expect(await diag(['attach', second, '--to', 'rt:4711'], settings)).toMatchObject({ code: 77 })
    const wrong = { ...settings, CONDUCTOR_STALL_SINK_RT_PASSWORD: 'wrong-password' }
    const refused = await diag(['attach', stallBundle(bundles, 'another'), '--to', 'rt'], wrong)
    expect(refused).toMatchObject({ code: 77, stderr: expect.stringContaining('answered 401') as string })
  },
  LIMIT_MS,
)

test(
  'Redmine: issue, archive, note, a new issue for a closed one',
  async (context) => {
    const { url, env } = await real(startRedmine, 'redmine', context)
    const settings = settingsOf(env)
    const headers = { 'x-redmine-api-key': env['CONDUCTOR_STALL_SINK_REDMINE_KEY'] ?? '' }
    expect((await diag(['doctor'], settings)).stdout).toMatch(/^ok    sink redmine /m)
    const first = stallBundle(bundles)
    const made = await diag(['attach', first, '--to', 'redmine'], settings)
    expect(made, made.stderr).toMatchObject({ code: 0, stdout: `${url}/issues/1\n` })
    const second = stallBundle(bundles)
    expect(await diag(['attach', second, '--to', 'redmine'], settings)).toMatchObject({ code: 0, stdout: made.stdout })
    const { issue } = (await (await get(`${url}/issues/1.json?include=attachments,journals`, headers)).json()) as {
      issue: { attachments: { filename: string; content_url: string }[]; journals: { notes: string }[] }
    }
    for (const id of [first, second]) {
      const file = issue.attachments.find(({ filename }) => filename === `${id}.tar.gz`)
      const bytes = await (await get(String(file?.content_url), headers)).arrayBuffer()
      expect(sumOf(new Uint8Array(bytes))).toBe(sumOf(await packed(id, settings)))
    }
    expect(issue.journals.filter(({ notes }) => notes.includes('Seen 2 times'))).toHaveLength(1)
    const close = {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{"issue":{"status_id":5}}',
    }
    expect((await fetch(`${url}/issues/1.json`, close)).status).toBe(204)
    const third = await diag(['attach', stallBundle(bundles), '--to', 'redmine'], settings)
    expect(third, third.stderr).toMatchObject({ code: 0, stdout: `${url}/issues/2\n` })
    const wrong = { ...settings, CONDUCTOR_STALL_SINK_REDMINE_KEY: 'not-the-right-key' }
    expect(await diag(['attach', stallBundle(bundles, 'another'), '--to', 'redmine'], wrong)).toMatchObject({
      code: 77,
    })
  },
  LIMIT_MS,
)

test(
  'Alertmanager: one alert a cause, with what a person needs',
  async (context) => {
    const { url, env } = await real(startAlertmanager, 'prometheus-alertmanager', context)
    const settings = settingsOf(env)
    expect((await diag(['doctor'], settings)).stdout).toMatch(/^ok    sink alertmanager /m)
    const ids = [stallBundle(bundles), stallBundle(bundles)]
    for (const id of ids)
      expect(await diag(['attach', id, '--to', 'alertmanager'], settings)).toMatchObject({ code: 0 })
    const alerts = (await (await get(`${url}/api/v2/alerts`)).json()) as {
      labels: object
      annotations: object
      status: object
    }[]
    expect(alerts).toHaveLength(1)
    expect(alerts[0]).toMatchObject({
      labels: { alertname: 'ConductorWorkerStalled', service: 'invoices', kind: 'computing', cause: 'regexp' },
      annotations: { incident: ids[1], summary: expect.stringContaining('regular expression') as string },
      status: { state: expect.stringMatching(/active|unprocessed/) as string },
    })
  },
  LIMIT_MS,
)

test(
  'e-mail: the archive arrives, and a repeat stands in the thread of the first',
  async (context) => {
    const { env } = await real(startSmtp, 'aiosmtpd', context)
    const settings = settingsOf(env)
    const [first, second] = [stallBundle(bundles), stallBundle(bundles)]
    for (const id of [first, second]) {
      const run = await diag(['attach', id, '--to', 'mail'], settings)
      expect(run, run.stderr).toMatchObject({ code: 0 })
    }
    const box = path.join(folder.path, 'server/mail/new')
    const mails = readdirSync(box).map((name) => readFileSync(path.join(box, name), 'utf8'))
    expect(mails).toHaveLength(2)
    const of = (id: string): string => mails.find((text) => text.includes(`X-Conductor-Stall-Incident: ${id}`)) ?? ''
    const idOf = (text: string): string => /^Message-ID: (<\S+>)$/im.exec(text)?.[1] ?? ''
    expect(/^In-Reply-To: (<\S+>)$/im.exec(of(second))?.[1]).toBe(idOf(of(first)))
    expect(of(first)).toMatch(/^X-RcptTo: oncall@example\.org, ?ops@example\.org$/m)
    const part = new RegExp(`filename=${first}\\.tar\\.gz[^]*?\\r?\\n\\r?\\n([A-Za-z0-9+/=\\r\\n]+?)\\r?\\n--`).exec(
      of(first),
    )?.[1]
    expect(sumOf(Buffer.from(part ?? '', 'base64'))).toBe(sumOf(await packed(first, settings)))
  },
  LIMIT_MS,
)

test(
  'Sentry’s protocol (Bugsink): one group a cause, the report in the event, the archive as it was sent',
  async (context) => {
    const { url, token, env, envelopes } = await real(startBugsink, 'bugsink', context)
    const settings = settingsOf(env)
    const api = async <T>(what: string): Promise<T[]> => {
      const answer = await get(`${url}/api/canonical/0/${what}`, { authorization: `Bearer ${token}` })
      return ((await answer.json()) as { results: T[] }).results
    }
    expect((await diag(['doctor'], settings)).stdout).toMatch(/^ok    sink sentry /m)
    const ids = [stallBundle(bundles), stallBundle(bundles), stallBundle(bundles, 'another')]
    const refs: string[] = []
    for (const id of ids) {
      const run = await diag(['attach', id, '--to', 'sentry'], settings)
      expect(run, run.stderr).toMatchObject({ code: 0 })
      refs.push(run.stdout.trim())
    }
    // It groups by the fingerprint of the cause: two of the three are one.
    const groups = await api<{ id: string }>('issues/?project=1')
    const events = await Promise.all(
      groups.map(async ({ id }) => await api<{ event_id: string }>(`events/?issue=${id}`)),
    )
    expect(events.map((each) => each.length).toSorted((a, b) => a - b)).toEqual([1, 2])
    const known = events.flat().map(({ event_id: id }) => id.replaceAll('-', ''))
    expect(known.sort()).toEqual(refs.toSorted())

    // It drops attachments; the envelopes that it was told to keep have them.
    const kept = envelopes().map((bytes) => readEnvelope(bytes))
    for (const id of ids) {
      const items = kept.flatMap((envelope) => envelope.items)
      const archive = items.find(({ header }) => textAt(header, 'filename') === `${id}.tar.gz`)
      expect(sumOf(archive?.payload ?? Buffer.alloc(0))).toBe(sumOf(await packed(id, settings)))
    }

    const wrong = new URL(env['CONDUCTOR_STALL_SINK_SENTRY_DSN'] ?? '')
    wrong.username = '0'.repeat(32)
    const refused = { ...settings, CONDUCTOR_STALL_SINK_SENTRY_DSN: wrong.href }
    expect(await diag(['attach', stallBundle(bundles), '--to', 'sentry'], refused)).toMatchObject({ code: 77 })
  },
  LIMIT_MS,
)

/** The emulator's account, as its documentation gives it to everybody. */
const ACCOUNT = 'devstoreaccount1'
const ACCOUNT_KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** https://learn.microsoft.com/rest/api/storageservices/create-account-sas, version 2020-12-06 and later. */
function accountSas(permissions: string, key = ACCOUNT_KEY): string {
  const ends = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z/, 'Z')
  const version = '2021-08-06'
  const text = [ACCOUNT, permissions, 'b', 'co', '', ends, '', 'https,http', version, '', ''].join('\n')
  const sig = createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64')
  return new URLSearchParams({
    sv: version,
    ss: 'b',
    srt: 'co',
    sp: permissions,
    se: ends,
    spr: 'https,http',
    sig,
  }).toString()
}

test(
  'Azure Blob (azurite): the blob, its link, and a wrong signature',
  async (context) => {
    const { url } = await real(startAzurite, 'azurite', context)
    const made = await fetch(`${url}/stalls?restype=container&${accountSas('rwdlac')}`, { method: 'PUT' })
    expect(made.status).toBe(201)
    const settings = settingsOf({
      CONDUCTOR_STALL_SINK_AZURE_URL: `${url}/stalls`,
      CONDUCTOR_STALL_SINK_AZURE_SAS: accountSas('cw'),
      CONDUCTOR_STALL_SINK_AZURE_LINK_SAS: accountSas('r'),
    })
    expect((await diag(['doctor'], settings)).stdout).toMatch(/^ok    sink azure /m)
    const id = stallBundle(bundles)
    const run = await diag(['attach', id, '--to', 'azure'], settings)
    expect(run, run.stderr).toMatchObject({ code: 0 })
    const bytes = await (await get(run.stdout.trim())).arrayBuffer()
    expect(sumOf(new Uint8Array(bytes))).toBe(sumOf(await packed(id, settings)))
    const page = await get(run.stdout.trim().replace('.tar.gz', '.report.html'))
    expect([page.headers.get('content-type'), (await page.text()).includes('computing/regexp')]).toEqual([
      'text/html; charset=utf-8',
      true,
    ])
    const wrong = {
      ...settings,
      CONDUCTOR_STALL_SINK_AZURE_SAS: accountSas('cw', Buffer.from('another key').toString('base64')),
    }
    expect(await diag(['attach', stallBundle(bundles), '--to', 'azure'], wrong)).toMatchObject({ code: 77 })
  },
  LIMIT_MS,
)

test(
  'S3 (ceph radosgw): object and page behind signed links, once however often, and a wrong key',
  async (context) => {
    const { url, env } = await real(startRadosgw, 'radosgw', context)
    const settings = settingsOf({ ...env, CONDUCTOR_STALL_SINK_S3_PREFIX: 'team a/stalls' })
    const keys = {
      accessKeyId: env['CONDUCTOR_STALL_SINK_S3_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: env['CONDUCTOR_STALL_SINK_S3_SECRET_ACCESS_KEY'] ?? '',
    }
    const owner = new AwsClient({ ...keys, service: 's3', region: 'us-east-1' })
    const id = stallBundle(bundles)
    // A bucket that is not there is a refusal, not a delivery.
    expect((await diag(['doctor'], settings)).stdout).toMatch(/^no    sink s3 .*404/m)
    expect(await diag(['attach', id, '--to', 's3'], settings)).toMatchObject({ code: 77 })
    expect((await owner.fetch(`${url}/stalls`, { method: 'PUT' })).status).toBe(200)
    expect((await diag(['doctor'], settings)).stdout).toMatch(/^ok    sink s3 /m)

    const run = await diag(['attach', id, '--to', 's3', '--json'], settings)
    expect(run, run.stderr).toMatchObject({ code: 0 })
    const delivery = (JSON.parse(run.stdout) as { deliveries: { url: string; pageUrl: string; ref: string }[] })
      .deliveries[0]
    expect(delivery?.ref).toBe(`s3://stalls/team%20a/stalls/${id}/${id}.tar.gz`)
    const archive = await get(delivery?.url ?? '')
    expect(sumOf(new Uint8Array(await archive.arrayBuffer()))).toBe(sumOf(await packed(id, settings)))
    const page = await get(delivery?.pageUrl ?? '')
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await page.text()).toContain('computing/regexp')
    // What the signature covers: another object, and no signature at all, are refused.
    const other = new URL(delivery?.url ?? '')
    other.pathname = new URL(delivery?.pageUrl ?? '').pathname
    expect([(await get(other.href)).status, (await get(other.origin + other.pathname)).status]).toEqual([403, 403])

    // The answer was lost, so it is put again: the server says that it is there, and it stays what it was.
    const objects = async (): Promise<string> => await (await owner.fetch(`${url}/stalls?list-type=2`)).text()
    const before = await objects()
    rmSync(path.join(bundles, 'outbox/states'), { recursive: true })
    expect(await diag(['attach', id, '--to', 's3'], settings)).toMatchObject({ code: 0 })
    expect(stamps(await objects())).toEqual(stamps(before))
    expect(stamps(before).length).toBe(4)

    const wrong = { ...settings, CONDUCTOR_STALL_SINK_S3_SECRET_ACCESS_KEY: 'another-secret-than-that-one' }
    const refused = await diag(['attach', stallBundle(bundles), '--to', 's3'], wrong)
    expect(refused).toMatchObject({ code: 77, stderr: expect.stringContaining('answered 403') as string })
    expect(stamps(await objects())).toEqual(stamps(before))

    // Without keys in the settings: AWS's own chain, here from a file, where its package is installed beside the worker.
    const packages = sinkPackages()
    if (packages === null) return
    const profile = path.join(folder.path, 'credentials')
    const lines = [`aws_access_key_id = ${keys.accessKeyId}`, `aws_secret_access_key = ${keys.secretAccessKey}`]
    writeFileSync(profile, `[default]\n${lines.join('\n')}\n`)
    const {
      CONDUCTOR_STALL_SINK_S3_ACCESS_KEY_ID: _id,
      CONDUCTOR_STALL_SINK_S3_SECRET_ACCESS_KEY: _key,
      ...rest
    } = settings
    const chained = { ...rest, AWS_SHARED_CREDENTIALS_FILE: profile, AWS_EC2_METADATA_DISABLED: 'true' }
    const third = stallBundle(bundles)
    expect(await diag(['attach', third, '--to', 's3'], chained)).toMatchObject({
      code: 77,
      stderr: expect.stringContaining('npm install @aws-sdk/credential-providers') as string,
    })
    const byChain = await diag(['attach', third, '--to', 's3'], chained, packages)
    expect(byChain, byChain.stderr).toMatchObject({ code: 0 })
    expect(sumOf(new Uint8Array(await (await get(byChain.stdout.trim())).arrayBuffer()))).toBe(
      sumOf(await packed(third, settings)),
    )
  },
  LIMIT_MS,
)

/** Name and time of every object in a listing. */
function stamps(listing: string): string[] {
  return [...listing.matchAll(/<Key>([^<]+)<\/Key><LastModified>([^<]+)</g)].map((match) => `${match[1]} ${match[2]}`)
}
