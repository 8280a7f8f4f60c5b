/** `attach` and `ship` against a folder, a webhook, a program and a module, as a person runs them. */
import { createHash, createHmac } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'
import { ContractServer, jsonOf, type Received } from '../../support/sinks/contract-server.js'
import { diag, stallBundle, TICKETS_SINK } from '../../support/sinks/outbox-run.js'
import { TicketsServer } from '../../support/sinks/tickets-server.js'

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
const servers: { close(): Promise<void> }[] = []

beforeEach(() => {
  folder = temporaryFolder('attach')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
  folder.remove()
})

async function server(
  handler: (request: Received) => { status: number; body?: unknown; headers?: Record<string, string> },
) {
  const started = await ContractServer.start(handler)
  servers.push(started)
  return started
}

async function tickets(): Promise<TicketsServer> {
  const started = await TicketsServer.start()
  servers.push(started.server)
  return started
}

const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const env = (more: Record<string, string> = {}) => ({ CONDUCTOR_STALL_DIR: bundles, ...more })

test('copies the archive to a folder and prints where it is; a second time changes nothing', async () => {
  const id = stallBundle(bundles)
  const store = path.join(folder.path, 'store')
  mkdirSync(store)
  const settings = env({ CONDUCTOR_STALL_SINK_FILE_DIR: store, CONDUCTOR_STALL_SINK_FILE_URL: 'https://files.test/x/' })
  const first = await diag(['attach', id, '--to', 'file'], settings)
  expect(first).toMatchObject({ code: 0, stdout: `https://files.test/x/${id}.tar.gz\n`, stderr: '' })
  const packed = await diag(['pack', id, '-o', path.join(folder.path, 'own.tar.gz')], settings)
  expect(packed.code).toBe(0)
  expect(readFileSync(path.join(store, `${id}.tar.gz`))).toEqual(readFileSync(path.join(folder.path, 'own.tar.gz')))
  rmSync(path.join(store, `${id}.tar.gz`))
  expect(await diag(['attach', id, '--to', 'file'], settings)).toMatchObject({ code: 0, stdout: first.stdout })
  expect(readdirSync(store).sort()).toEqual([`${id}.report.html`, `${id}.report.md`])
  expect(readFileSync(path.join(store, `${id}.report.html`), 'utf8')).toMatch(/^<!doctype html>[^]*computing\/regexp/i)
})

test('sends a signed CloudEvent that a receiver can check, with an id that stays', async () => {
  const hook = await server(() => ({ status: 202 }))
  const id = stallBundle(bundles)
  const settings = env({
    CONDUCTOR_STALL_SINK_WEBHOOK_URL: `${hook.url}/hook?tenant=1`,
    CONDUCTOR_STALL_SINK_WEBHOOK_SECRET: 'a-shared-secret',
    CONDUCTOR_STALL_SINK_WEBHOOK_ARCHIVE: 'true',
  })
  expect(await diag(['attach', id, '--to', 'webhook'], settings)).toMatchObject({ code: 0 })
  const [event, archive] = hook.received
  // CloudEvents 1.0, HTTP protocol binding, 3.2: structured mode.
  expect(event?.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8')
  const content = jsonOf(event!)
  expect(content).toMatchObject({
    specversion: '1.0',
    type: 'dev.conductor-stall-agent.incident',
    subject: id,
    data: { incident: id, kind: 'computing', cause: 'regexp', service: 'invoices', count: 1 },
  })
  const [, time, sum] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(event?.headers['x-conductor-stall-signature'])) ?? []
  expect(sum).toBe(createHmac('sha256', 'a-shared-secret').update(`${time}.`).update(event!.body).digest('hex'))
  expect(event?.headers['idempotency-key']).toBe(content['id'])
  // 3.1: binary mode.
  expect(archive?.headers).toMatchObject({ 'ce-specversion': '1.0', 'ce-id': `${String(content['id'])}-archive` })
  const told = (content['data'] as { archive: { sha256: string } }).archive.sha256
  expect(createHash('sha256').update(archive!.body).digest('hex')).toBe(told)
})

test('hands a program JSON and files, and takes its link', async () => {
  const id = stallBundle(bundles)
  const program = path.join(folder.path, 'sink.js')
  writeFileSync(
    program,
    `#!${process.execPath}
const request = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const archive = require('fs').readFileSync(request.files[0].path)
const sum = require('crypto').createHash('sha256').update(archive).digest('hex')
if (sum !== request.files[0].sha256) process.exit(1)
console.log(JSON.stringify({ ref: 'T-' + request.key, url: 'https://tickets.test/' + request.idempotencyKey }))
`,
  )
  chmodSync(program, 0o755)
  const settings = env({ CONDUCTOR_STALL_SINK_EXEC_COMMAND: program })
  const done = await diag(['attach', id, '--to', 'exec:42', '--json'], settings)
  expect(done.code).toBe(0)
  const [delivery] = (JSON.parse(done.stdout) as { deliveries: Record<string, unknown>[] }).deliveries
  expect(delivery).toMatchObject({ destination: 'exec:42', status: 'delivered', ref: 'T-42' })
  expect(delivery?.['url']).toMatch(/^https:\/\/tickets\.test\/[0-9a-f]{32}$/)
})

test.each([
  [0, 'delivered', 0],
  [1, 'refused', 77],
  [75, 'waiting', 69],
])('takes exit code %i of a program as %s', async (code, status, exit) => {
  const id = stallBundle(bundles)
  const program = path.join(folder.path, 'sink.sh')
  writeFileSync(program, `#!/bin/sh\ncat > /dev/null\necho why >&2\nexit ${code}\n`)
  chmodSync(program, 0o755)
  const done = await diag(['attach', id, '--to', 'exec', '--json'], env({ CONDUCTOR_STALL_SINK_EXEC_COMMAND: program }))
  expect(JSON.parse(done.stdout)).toMatchObject({ deliveries: [{ status }] })
  expect(done.code).toBe(exit)
})

test('--dry-run prints the requests with their bodies and sends nothing, nor writes anything down', async () => {
  const hook = await server(() => ({ status: 200 }))
  const system = await tickets()
  const id = stallBundle(bundles)
  const settings = env({
    CONDUCTOR_STALL_SINK_WEBHOOK_URL: `${hook.url}/hook`,
    CONDUCTOR_STALL_SINK_MODULE_NAME: TICKETS_SINK,
    TICKETS_URL: system.server.url,
  })
  const run = await diag(['attach', id, '--to', 'webhook', '--to', 'module', '--dry-run'], settings)
  expect(run).toMatchObject({ code: 0, stderr: '' })
  expect(run.stdout).toContain(`POST ${hook.url}/hook`)
  expect(run.stdout).toContain('"specversion": "1.0"')
  expect(run.stdout).toContain(`POST ${system.server.url}/tickets`)
  expect(run.stdout).toContain(`<${id}.tar.gz, `)
  expect([...hook.received, ...system.server.received]).toEqual([])
  expect(readdirSync(bundles)).toEqual([id])
})

test.each([
  [401, { code: 77, status: 'refused', help: /credentials are wrong/ }],
  [403, { code: 77, status: 'refused', help: /permission/ }],
  [404, { code: 77, status: 'refused', help: /does not exist/ }],
  [413, { code: 77, status: 'refused', help: /too large/ }],
  [429, { code: 69, status: 'waiting', help: /doctor/ }],
  [503, { code: 69, status: 'waiting', help: /doctor/ }],
])(
  'a webhook that answers %i: kept, with the reason, and the exit code that says whether to come back',
  async (status, expected) => {
    // A 403 with that header would be a limit of the rate.
    const headers: Record<string, string> = expected.code === 69 ? { 'retry-after': '3600' } : {}
    const hook = await server(() => ({ status, headers, body: { error: 'no' } }))
    const id = stallBundle(bundles)
    const settings = env({ CONDUCTOR_STALL_SINK_WEBHOOK_URL: hook.url })
    const run = await diag(['attach', id, '--to', 'webhook'], settings)
    expect(run.code).toBe(expected.code)
    expect(run.stderr).toMatch(expected.help)
    const list = await diag(['ls', '--json'], settings)
    const { bundles: lines } = JSON.parse(list.stdout) as { bundles: { deliveries: object[] }[] }
    expect(lines[0]?.deliveries).toMatchObject([
      { destination: 'webhook', status: expected.status, why: expect.stringContaining(`answered ${status}`) as string },
    ])
  },
)

test('a server that answers a page, leads elsewhere, sends a gigabyte, cuts the line or hangs: never lost, never delivered', async () => {
  const elsewhere = await server(() => ({ status: 200, body: {} }))
  const system = await tickets()
  const id = stallBundle(bundles)
  const settings = env({
    CONDUCTOR_STALL_SINK_MODULE_NAME: TICKETS_SINK,
    TICKETS_URL: system.server.url,
  })
  // A busy machine may take half a second for an ordinary answer.
  const hanging = { ...settings, CONDUCTOR_STALL_SINK_TIMEOUT_SECONDS: '0.5' }
  const html = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Log in</html>' }
  const cases = [
    [{ act: () => html }, 77, /a page where JSON was expected/],
    [{ act: () => ({ status: 307, headers: { location: elsewhere.url } }) }, 77, /leads to http/],
    [{ act: () => ({ status: 200, body: Buffer.alloc(9 * 2 ** 20, 32) }) }, 77, /answered more than/],
    [{ act: () => 'hang' as const }, 69, /no answer within/],
    [{ act: () => 'cut' as const }, 69, /SOCKET|ECONNRESET/],
  ] as const
  for (const [{ act }, code, message] of cases) {
    system.server.faults = [1, 2, 3].map((nth) => ({ nth, when: 'before' as const, act }))
    const run = await diag(['attach', id, '--to', 'module'], act() === 'hang' ? hanging : settings)
    expect(run.stderr).toMatch(message)
    expect(run.code).toBe(code)
  }
  expect(elsewhere.received).toEqual([])
  expect(system.tickets).toEqual([])
  system.server.faults = []
  // Asked for by hand it is tried at once, whatever its back-off says.
  expect(await diag(['attach', id, '--to', 'module'], settings)).toMatchObject({ code: 0 })
  expect(system.tickets).toHaveLength(1)
})

test('half an upload is no upload: the line is cut in the middle of the archive, and the next attempt sends all of it', async () => {
  const system = await tickets()
  // Larger than what lies in buffers on the way, and nothing that could be packed.
  const id = stallBundle(bundles, 'validate', {}, 16 * 2 ** 20)
  const settings = env({ CONDUCTOR_STALL_SINK_MODULE_NAME: TICKETS_SINK, TICKETS_URL: system.server.url })
  const isUpload = ({ headers }: Received): boolean => String(headers['content-type']).startsWith('multipart/')
  system.server.faults = [1, 2, 3].map((nth) => ({ nth, match: isUpload, when: 'during', act: () => 'cut' }))
  const cut = await diag(['attach', id, '--to', 'module'], settings)
  expect(cut).toMatchObject({ code: 69, stderr: expect.stringMatching(/ECONNRESET|EPIPE|UND_ERR_SOCKET/) as string })
  expect(system.tickets).toMatchObject([{ files: [] }])
  system.server.faults = []
  expect(await diag(['attach', id, '--to', 'module'], settings)).toMatchObject({ code: 0 })
  expect(system.tickets).toHaveLength(1)
  const [archive] = system.tickets[0]!.files
  const packed = path.join(folder.path, 'own.tar.gz')
  expect(await diag(['pack', id, '-o', packed], settings)).toMatchObject({ code: 0 })
  expect(archive?.name).toBe(`${id}.tar.gz`)
  expect(sumOf(archive!.bytes)).toBe(sumOf(readFileSync(packed)))
  expect(archive!.bytes.length).toBeGreaterThan(16 * 2 ** 20)
})

test('refuses a damaged bundle, or one that is not sealed, with 65, an unknown destination and a missing setting with 64', async () => {
  const id = stallBundle(bundles)
  writeFileSync(path.join(bundles, id, 'kernel.json'), 'damaged')
  const hook = await server(() => ({ status: 200 }))
  const settings = env({ CONDUCTOR_STALL_SINK_WEBHOOK_URL: hook.url })
  expect(await diag(['attach', id, '--to', 'webhook'], settings)).toMatchObject({ code: 65 })
  const open = stallBundle(bundles)
  renameSync(path.join(bundles, open), path.join(bundles, `${open}.partial`))
  expect(await diag(['attach', open, '--to', 'webhook'], settings)).toMatchObject({
    code: 65,
    stderr: expect.stringContaining('ERR_STALL_BUNDLE_UNSEALED') as string,
  })
  expect(hook.received).toEqual([])
  expect(await diag(['attach', id, '--to', 'carrier-pigeon'], settings)).toMatchObject({ code: 64 })
  const missing = await diag(['attach', id, '--to', 'webhook'], env())
  expect(missing).toMatchObject({
    code: 64,
    stderr: expect.stringContaining('CONDUCTOR_STALL_SINK_WEBHOOK_URL') as string,
  })
})

test('ship says why it did not even try, and tries at once when told to', async () => {
  let status = 503
  const hook = await server(() => ({ status }))
  const id = stallBundle(bundles)
  const settings = env({ CONDUCTOR_STALL_SINK_WEBHOOK_URL: hook.url })
  expect(await diag(['attach', id, '--to', 'webhook'], settings)).toMatchObject({
    code: 69,
    stderr: expect.stringMatching(/503[^]*\n {2}It waits in the outbox\. [^\n]*conductor-diag ship --now\n$/) as string,
  })
  const asked = hook.received.length
  const early = await diag(['ship'], settings)
  expect(early).toMatchObject({ code: 69 })
  expect(early.stderr).toMatch(
    /^\w+ to webhook waits: .*503.* \(ERR_STALL_SINK_UNREACHABLE\); it is tried again in [\d.]+ \w+\n.*ship --now\n0 delivered, 1 waiting, 0 refused\n$/,
  )
  expect(hook.received).toHaveLength(asked)
  status = 202
  expect(await diag(['ship', '--now'], settings)).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/\n1 delivered, 0 waiting, 0 refused\n$/) as string,
  })
  expect(await diag(['ship', '--now', '--follow'], settings)).toMatchObject({ code: 64 })
})

test('a rehearsal names the ticket that was named, and the setting that it could not read', async () => {
  const id = stallBundle(bundles)
  const jira = { CONDUCTOR_STALL_SINK_JIRA_TOKEN: 'x' }
  const named = await diag(['attach', id, '--to', 'jira:OPS-123', '--dry-run'], {
    ...env(jira),
    CONDUCTOR_STALL_SINK_JIRA_URL: 'http://127.0.0.1:9',
  })
  expect(named).toMatchObject({ code: 0, stderr: '' })
  expect(named.stdout).toContain('POST http://127.0.0.1:9/rest/api/2/issue/OPS-123/comment\n')
  expect(named.stdout).not.toContain('(key)')
  const wrong = await diag(['attach', id, '--to', 'jira:OPS-123', '--dry-run'], {
    ...env(jira),
    CONDUCTOR_STALL_SINK_JIRA_URL: 'jira.example',
  })
  expect(wrong).toMatchObject({ code: 64, stdout: '' })
  expect(wrong.stderr).toMatch(
    /CONDUCTOR_STALL_SINK_JIRA_URL="jira\.example" is no URL; it counts as not set\n.*needs CONDUCTOR_STALL_SINK_JIRA_URL/,
  )
})

test('a secret stands in no output, state or log, wherever the server repeats it', async () => {
  const secret = 'tell-nobody-4711'
  const hook = await server(({ headers }) => ({ status: 403, body: `no: ${secret} ${JSON.stringify(headers)}` }))
  const id = stallBundle(bundles)
  const file = path.join(folder.path, 'secret')
  writeFileSync(file, `${secret}\n`)
  const settings = env({
    CONDUCTOR_STALL_SINK_WEBHOOK_URL: hook.url,
    CONDUCTOR_STALL_SINK_WEBHOOK_SECRET_FILE: file,
  })
  const run = await diag(['attach', id, '--to', 'webhook'], settings)
  expect(run.code).toBe(77)
  expect(run.stderr).toContain('[secret]')
  const states = path.join(bundles, 'outbox/states')
  const written = readdirSync(states).map((name) => readFileSync(path.join(states, name), 'utf8'))
  expect(written).not.toEqual([])
  for (const text of [run.stdout, run.stderr, ...written]) expect(text).not.toContain(secret)
})

test('one ticket a cause: repeats are counted, then commented on, a closed one is linked or reopened', async () => {
  const system = await tickets()
  const settings = env({
    CONDUCTOR_STALL_SINK_MODULE_NAME: TICKETS_SINK,
    TICKETS_URL: system.server.url,
    CONDUCTOR_STALL_SINK_TO: 'module',
  })
  const ship = async (more: Record<string, string> = {}) => await diag(['ship', '--all'], { ...settings, ...more })
  stallBundle(bundles)
  stallBundle(bundles)
  stallBundle(bundles, 'elsewhere')
  expect(await ship()).toMatchObject({ code: 0 })
  expect(system.tickets.map(({ comments }) => comments.length)).toEqual([0, 0])
  // The hour is over: the next one tells of those that were only counted.
  stallBundle(bundles)
  expect(await ship({ CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0' })).toMatchObject({ code: 0 })
  expect(system.tickets[0]?.comments).toEqual([
    expect.stringContaining('Seen 3 times with the same cause, on invoices on pod-1'),
  ])
  system.tickets[0]!.open = false
  stallBundle(bundles)
  expect(await ship({ CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0' })).toMatchObject({ code: 0 })
  expect(system.tickets).toHaveLength(3)
  expect(system.tickets[2]?.text).toContain('It was here before')
  for (const ticket of system.tickets) ticket.open = false
  stallBundle(bundles)
  const reopen = { CONDUCTOR_STALL_SINK_COMMENT_SECONDS: '0', CONDUCTOR_STALL_SINK_CLOSED_TICKET: 'reopen' }
  expect(await ship(reopen)).toMatchObject({ code: 0 })
  expect(system.tickets).toHaveLength(3)
  expect(system.tickets[2]).toMatchObject({ open: true })
  expect(existsSync(path.join(bundles, 'outbox/claims'))).toBe(true)
  expect(readdirSync(path.join(bundles, 'outbox/claims'))).toEqual([])
})
