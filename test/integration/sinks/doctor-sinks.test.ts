/** `doctor` says of each destination whether it is reachable, whether one is let in and may attach, and what to mend. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'
import { ContractServer, type Received, type Reply } from '../../support/sinks/contract-server.js'
import { diag, stallBundle } from '../../support/sinks/outbox-run.js'
import { startVendor, TICKET_NAMES, type RunningVendor } from '../../support/sinks/vendors/index.js'

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
const closing: (() => Promise<void>)[] = []
beforeEach(() => {
  folder = temporaryFolder('doctor-sinks')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  folder.remove()
})

interface Finding {
  readonly verdict: 'ok' | 'warn' | 'no'
  readonly subject: string
  readonly text: string
  readonly code?: string
  readonly advice?: string
}

async function findings(settings: Readonly<Record<string, string>>): Promise<Finding[]> {
  const run = await diag(['doctor', '--json'], { CONDUCTOR_STALL_DIR: bundles, ...settings })
  return (JSON.parse(run.stdout) as { findings: Finding[] }).findings
}

type Name = (typeof TICKET_NAMES)[number]

async function startAll(): Promise<{ all: Map<Name, RunningVendor>; settings: Record<string, string> }> {
  const all = new Map<Name, RunningVendor>()
  const settings: Record<string, string> = {}
  for (const name of TICKET_NAMES) {
    const running = await startVendor(name)
    closing.push(async () => await running.server.close())
    all.set(name, running)
    Object.assign(settings, running.settings)
  }
  return { all, settings }
}

/** One request of each check gets another answer: the one that a lack of permission has. */
const LACKING: Readonly<
  Record<Name, { at: (request: Received) => boolean; reply: Reply; says: RegExp; advice: RegExp }>
> = {
  rt: {
    at: () => true,
    reply: { status: 404, body: { message: 'Not Found' } },
    says: /there is no queue General/,
    advice: /RT_QUEUE/,
  },
  redmine: {
    at: ({ path: where }) => where === '/uploads.json',
    reply: { status: 403 },
    says: /may not upload files/,
    advice: /Edit issues/,
  },
  jira: {
    at: ({ path: where }) => where.endsWith('/mypermissions'),
    reply: {
      status: 200,
      body: { permissions: { CREATE_ISSUES: { havePermission: true }, ADD_COMMENTS: { havePermission: true } } },
    },
    says: /lacks CREATE_ATTACHMENTS in OPS/,
    advice: /permission/,
  },
  github: {
    at: () => true,
    reply: { status: 200, body: { has_issues: true, permissions: { pull: true } } },
    says: /labels need the right to triage/,
    advice: /Issues: write/,
  },
  gitlab: {
    at: () => true,
    reply: { status: 200, body: { permissions: { project_access: { access_level: 10 } } } },
    says: /can be seen only/,
    advice: /Reporter/,
  },
  slack: {
    at: () => true,
    reply: { status: 200, headers: { 'x-oauth-scopes': 'chat:write' }, body: { ok: true, user: 'bot', team: 'acme' } },
    says: /lacks files:write, channels:history/,
    advice: /scopes/,
  },
  servicenow: {
    at: ({ path: where }) => where === '/api/now/attachment',
    reply: { status: 403, body: { error: { message: 'User Not Authorized' } } },
    says: /attachment answered 403/,
    advice: /permission/,
  },
  azuredevops: {
    at: ({ query }) => query.has('validateOnly'),
    reply: { status: 403, body: { message: 'TF401027: You need the Edit permission' } },
    says: /can be seen, not made/,
    advice: /Read & write/,
  },
  'pagerduty-incident': {
    at: () => true,
    reply: { status: 404, body: { error: { message: 'Not Found' } } },
    says: /services\/PSVC answered 404/,
    advice: /does not exist/,
  },
}

test('reachable and let in, permissions that are missing, wrong credentials, and nobody there', async () => {
  const { all, settings } = await startAll()
  const of = (found: readonly Finding[], name: string): Finding[] =>
    found.filter(({ subject }) => subject === `sink ${name}`)
  const right = await findings(settings)
  for (const name of TICKET_NAMES) {
    const checks = of(right, name)
    expect(checks.length, name).toBeGreaterThan(0)
    expect(checks, name).toEqual(checks.map(() => expect.objectContaining({ verdict: 'ok' }) as Finding))
  }
  // Nothing was made by that.
  expect([...all.values()].flatMap(({ vendor }) => vendor.tickets)).toEqual([])

  for (const [name, { server }] of all) {
    const { at, reply } = LACKING[name]
    server.faults = [{ nth: 1, match: at, when: 'before', act: () => reply }]
  }
  const lacking = await findings(settings)
  for (const name of TICKET_NAMES) {
    const { says, advice } = LACKING[name]
    const no = of(lacking, name).find(({ verdict }) => verdict === 'no')
    expect(no, name).toMatchObject({
      text: expect.stringMatching(says) as string,
      advice: expect.stringMatching(advice) as string,
      code: 'ERR_STALL_SINK_REFUSED',
    })
  }

  for (const { server } of all.values()) server.faults = []
  const secret = (name: string): boolean => /_(?:TOKEN|PASSWORD|KEY)$/.test(name)
  const wrong = Object.entries(settings).map(([name, value]) => [name, secret(name) ? 'wrong-credentials' : value])
  const refused = await findings(Object.fromEntries(wrong) as Record<string, string>)
  for (const name of TICKET_NAMES) {
    const [first] = of(refused, name)
    expect(first, name).toMatchObject({
      verdict: 'no',
      code: 'ERR_STALL_SINK_REFUSED',
      advice: expect.any(String) as string,
    })
    expect(JSON.stringify(first)).not.toContain('wrong-credentials')
  }

  for (const { server } of all.values()) await server.close()
  closing.length = 0
  const gone = await findings(settings)
  for (const name of TICKET_NAMES) {
    expect(of(gone, name), name).toMatchObject([{ verdict: 'no', code: 'ERR_STALL_SINK_UNREACHABLE' }])
  }
}, 300_000)

test('what waits and what was refused is told with its reason and the way on', async () => {
  let status = 503
  const server = await ContractServer.start(() => ({ status, body: { error: 'no' } }))
  closing.push(async () => await server.close())
  const settings = { CONDUCTOR_STALL_DIR: bundles, CONDUCTOR_STALL_SINK_WEBHOOK_URL: server.url }
  await diag(['attach', stallBundle(bundles), '--to', 'webhook'], settings)
  status = 403
  await diag(['attach', stallBundle(bundles, 'another'), '--to', 'webhook'], settings)
  const found = (await findings(settings)).filter(({ subject }) => subject === 'outbox')
  expect(found).toMatchObject([
    {
      verdict: 'warn',
      text: expect.stringMatching(/^1 delivery waiting: .*answered 503/) as string,
      advice: 'conductor-diag ship',
    },
    {
      verdict: 'warn',
      text: expect.stringMatching(/^1 delivery refused: .*answered 403/) as string,
      advice: expect.stringContaining('ship --refused') as string,
    },
  ])
}, 120_000)
