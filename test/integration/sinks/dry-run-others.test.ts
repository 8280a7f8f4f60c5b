/** `--dry-run` of destinations that are no ticket system: a program, a mail, stores, alerts, Conductor's own tasks. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { temporaryFolder } from '../../support/incidents.js'
import { ContractServer, type Handler, jsonOf, type Received } from '../../support/sinks/contract-server.js'
import { receiveMails } from '../../support/sinks/mail-server.js'
import { diag, stallBundle } from '../../support/sinks/outbox-run.js'
import { asPattern, printed, rehearsed, sumOf } from '../../support/sinks/rehearsal.js'
import { taskBundle } from '../../support/sinks/task-bundle.js'
import { conductor, CONDUCTOR_ENV } from '../../support/sinks/vendors/conductor.js'

vi.setConfig({ testTimeout: 300_000 })

let folder: ReturnType<typeof temporaryFolder>
let bundles: string
const closing: (() => Promise<unknown>)[] = []
beforeEach(() => {
  folder = temporaryFolder('dry-run')
  bundles = path.join(folder.path, 'bundles')
  mkdirSync(bundles)
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  folder.remove()
})

async function serve(handler: Handler): Promise<ContractServer> {
  const server = await ContractServer.start(handler)
  closing.push(async () => await server.close())
  return server
}

const settingsOf = (more: Readonly<Record<string, string>>): Record<string, string> => ({
  CONDUCTOR_STALL_DIR: bundles,
  ...more,
})

async function attach(id: string, to: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const sent = await diag(['attach', id, '--to', to], settings)
  expect(sent, sent.stderr).toMatchObject({ code: 0 })
}

/** As it is printed: the file by its name, size, type and sum. */
function putLine({ path: at, body, headers }: Received): string {
  return `<${at.split('/').at(-1)}, ${body.length} bytes, ${headers['content-type']}, SHA-256 ${sumOf(body)}>`
}

test('exec: the program is told what was printed, with the same files', async () => {
  const told = path.join(folder.path, 'told.json')
  const program = path.join(folder.path, 'sink.sh')
  writeFileSync(program, `#!/bin/sh\ncat > ${told}\n`, { mode: 0o755 })
  const settings = settingsOf({ CONDUCTOR_STALL_SINK_EXEC_COMMAND: program })
  const id = stallBundle(bundles)
  const [only, ...more] = await rehearsed(id, 'exec:42', settings)
  expect([more, readdirSync(folder.path).sort()]).toEqual([[], ['bundles', 'sink.sh']])
  await attach(id, 'exec:42', settings)
  const { files, ...request } = JSON.parse(readFileSync(told, 'utf8')) as {
    files: { name: string; sizeBytes: number; contentType: string; sha256: string }[]
  }
  const lines = files.map(
    (file) => `<${file.name}, ${file.sizeBytes} bytes, ${file.contentType}, SHA-256 ${file.sha256}>`,
  )
  expect(only).toEqual({ what: `run ${program}`, body: { ...request, files: lines } })
})

test('mail: what arrives is what was printed', async () => {
  const server = await receiveMails()
  closing.push(async () => await server.close())
  const settings = settingsOf({
    CONDUCTOR_STALL_SINK_MAIL_URL: server.url,
    CONDUCTOR_STALL_SINK_MAIL_FROM: 'stalls@example.org',
    CONDUCTOR_STALL_SINK_MAIL_TO: 'ops@example.org,oncall@example.org',
  })
  const id = stallBundle(bundles)
  const [only, ...more] = await rehearsed(id, 'mail', settings)
  expect([more, server.mails]).toEqual([[], []])
  await attach(id, 'mail', settings)
  expect(server.mails).toHaveLength(1)
  const [mail] = server.mails
  expect(mail?.recipients).toEqual(['ops@example.org', 'oncall@example.org'])
  const { headers, from, to, subject, messageId, text, html, attachments } = only!.body as Record<string, unknown>
  const printedHeaders = Object.entries({
    From: from,
    To: (to as string[]).join(', '),
    Subject: subject,
    'Message-ID': messageId,
    ...(headers as object),
  })
  for (const [name, value] of printedHeaders) expect(mail?.header(name), name).toBe(value)
  const parts = mail?.parts ?? []
  const textOf = (type: string): string | undefined =>
    parts.find((part) => part.type === type && part.name === null)?.bytes.toString()
  expect({ text: textOf('text/plain')?.trimEnd(), html: textOf('text/html')?.trimEnd() }).toEqual({
    text: String(text).trimEnd(),
    html: String(html).trimEnd(),
  })
  const files = parts.filter(({ name }) => name !== null)
  expect(files.map(({ name, bytes }) => `${name}, ${bytes.length} bytes, SHA-256 ${sumOf(bytes)}`)).toEqual(
    (attachments as string[]).map((line) => line.replace(/^<([^,]+, \d+ bytes), .*, (SHA-256 \w+)>$/, '$1, $2')),
  )
})

test('s3 and azure: object by object, with their headers; keys and signatures are not shown', async () => {
  const server = await serve(() => ({ status: 201 }))
  const settings = settingsOf({
    CONDUCTOR_STALL_SINK_S3_ENDPOINT: server.url,
    CONDUCTOR_STALL_SINK_S3_BUCKET: 'stalls',
    CONDUCTOR_STALL_SINK_S3_PREFIX: 'team a',
    CONDUCTOR_STALL_SINK_S3_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    CONDUCTOR_STALL_SINK_S3_SECRET_ACCESS_KEY: 'a-key-that-is-secret',
    CONDUCTOR_STALL_SINK_AZURE_URL: `${server.url}/container`,
    CONDUCTOR_STALL_SINK_AZURE_SAS: 'sv=2021-08-06&sp=cw&sig=a-signature',
  })
  const id = stallBundle(bundles)
  for (const to of ['s3', 'azure']) {
    const plan = await rehearsed(id, to, settings)
    expect(server.received).toEqual([])
    expect(JSON.stringify(plan)).not.toMatch(/a-key-that-is-secret|a-signature/)
    await attach(id, to, settings)
    const made = server.received.splice(0)
    expect(made).toHaveLength(3)
    expect(plan).toHaveLength(made.length)
    for (const [at, request] of made.entries()) {
      const { what, headers = {}, body } = plan[at]!
      // The signature over an object stands in a header; a shared one is the whole query.
      expect(`${request.method} ${server.url}${request.path}${to === 'azure' ? '?[secret]' : ''}`).toBe(what)
      expect(request.headers).toMatchObject(headers)
      expect(headers['if-none-match']).toBe('*')
      expect(to === 'azure' ? await printed(request) : putLine(request)).toBe(body)
    }
  }
})

test('alertmanager: the alert, but for its times', async () => {
  const server = await serve(() => ({ status: 200, body: '' }))
  const settings = settingsOf({ CONDUCTOR_STALL_SINK_ALERTMANAGER_URL: server.url })
  const id = stallBundle(bundles)
  const [only, ...more] = await rehearsed(id, 'alertmanager', settings)
  expect([more, server.received]).toEqual([[], []])
  await attach(id, 'alertmanager', settings)
  expect(server.received).toHaveLength(1)
  const [request] = server.received
  expect(only?.what).toBe(`POST ${server.url}${request?.url}`)
  const timeless = (body: unknown): unknown =>
    JSON.parse(JSON.stringify(body), (name, value: unknown) => (/^(?:starts|ends)At$/.test(name) ? 'a time' : value))
  expect(timeless(jsonOf(request!))).toEqual(timeless(only?.body))
})

test('conductor: the login, the line of the log, the failing of the task', async () => {
  const server = await serve(conductor('IN_PROGRESS'))
  const settings = settingsOf({
    CONDUCTOR_SERVER_URL: `${server.url}/api`,
    ...CONDUCTOR_ENV,
    CONDUCTOR_STALL_SINK_CONDUCTOR_FAIL_TASKS: 'true',
  })
  const id = taskBundle(bundles, 't 1', true)
  const plan = await rehearsed(id, 'conductor', settings)
  expect(server.received).toEqual([])
  expect(JSON.stringify(plan)).not.toContain(CONDUCTOR_ENV.CONDUCTOR_AUTH_SECRET)
  await attach(id, 'conductor', settings)
  const made = server.received.filter(({ method }) => method !== 'GET')
  expect(made.map(({ path: at }) => at)).toEqual(['/api/token', '/api/tasks/t%201/log', '/api/tasks'])
  expect(plan).toHaveLength(made.length)
  for (const [at, request] of made.entries()) {
    const { what, body } = plan[at]!
    expect(`${request.method} ${server.url}${request.url}`).toBe(what)
    const sent = JSON.stringify(await printed(request)).replaceAll(CONDUCTOR_ENV.CONDUCTOR_AUTH_SECRET, '[secret]')
    expect(untimed(sent)).toMatch(asPattern(untimed(JSON.stringify(body))))
  }
})

const untimed = (text: string): string => text.replaceAll(/"createdTime":\d+/g, '"createdTime":0')
